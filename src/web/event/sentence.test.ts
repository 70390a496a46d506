import { expect, test } from 'vitest'
import { eventTypes, type StoredEvent } from '#contract/event/event.ts'
import { shortType, tell } from './sentence.ts'

const event = (type: string, more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: 1,
  time: '2026-11-23T10:00:00.000Z',
  type,
  version: '0.1.0',
  subject: 'run/7',
  chain: 'c-1',
  app: 'prepaid',
  actor: 'Ada',
  by: null,
  data: {},
  ...more,
})

test.each(Object.keys(eventTypes))('%s has a sentence of its own, also without data', (type) => {
  const { text } = tell(event(type))
  expect(text).not.toContain(shortType(type))
  expect(text).not.toContain('undefined')
  expect(text).toMatch(/^[A-Z0-9]/)
})

test('a type that is not known is told by its type', () => {
  expect(tell(event('dev.cdevents.incident.detected')).text).toBe('Incident.detected run/7')
})

test('leads to the page of what it is about, and says why', () => {
  const failed = { name: 'test', outcome: 'failure', attempt: 2, reason: 'exited with 1.\nmore' }
  expect(
    tell(event('dev.cdevents.taskrun.finished', { subject: 'run/7/step/test', data: failed })),
  ).toEqual({
    tone: 'bad',
    text: 'Step test failed at attempt 2: exited with 1',
    to: '/runs/7?step=test',
  })
  const told = tell(
    event('dev.cdevents.service.upgraded', {
      subject: 'deployment/9',
      data: { environment: 'dev', kind: 'delivery', run: 7 },
    }),
  )
  expect(told).toMatchObject({
    text: 'The release took the traffic of dev',
    to: '/apps/prepaid/environments/dev',
  })
})

test('tells a canary by its share and its end, and leads to its verdict', () => {
  const canary = (type: string, data: StoredEvent['data']) =>
    tell(
      event(`dev.cdeventsx.fairlead-verdict.${type}`, {
        subject: 'deployment/9',
        data: { environment: 'production', kind: 'delivery', run: 7, ...data },
      }),
    )
  expect(canary('started', { share: 0.05 })).toEqual({
    tone: 'move',
    text: 'The release is a canary in production, with 5 % of the requests',
    to: '/deployments/9/verdict',
  })
  expect(canary('shared', { share: 0.125 }).text).toBe(
    'The canary in production is now given 12.5 % of the requests',
  )
  expect(canary('waiting', { reason: 'no request has come yet.' })).toMatchObject({
    tone: 'unknown',
    text: 'The canary in production waits for somebody’s decision: no request has come yet',
  })
  const reason = 'The canary fails 9 times as often.'
  expect(canary('finished', { verdict: 'harmful', state: 'taken_back', reason })).toMatchObject({
    tone: 'bad',
    text: 'The canary did harm in production and is taken back: The canary fails 9 times as often',
  })
  expect(canary('finished', { verdict: 'healthy', reason: '' })).toMatchObject({
    tone: 'good',
    text: 'The canary did well in production',
  })
  // Whatever is not known is never told as good.
  expect(canary('finished', {}).tone).toBe('unknown')
})

test('tells a pull request by what became of it, and leads to the list', () => {
  const pull = (type: string, data: StoredEvent['data']) =>
    tell(
      event(`dev.cdevents.${type}`, {
        subject: 'pull-request/12',
        actor: 'grace',
        data: { pullRequest: 12, ...data },
      }),
    )
  const to = '/apps/prepaid/pull-requests'
  expect(pull('change.created', { subject: 'Round prices', author: 'grace' })).toEqual({
    tone: 'fact',
    text: 'Grace opened pull request 12: “Round prices”',
    to,
  })
  expect(pull('change.updated', { sha: 'a'.repeat(40) }).text).toBe(
    'Pull request 12 has a new head, aaaaaaa',
  )
  expect(pull('change.updated', { isAgain: true }).text).toBe('Pull request 12 was opened again')
  expect(pull('change.merged', { subject: 'Round prices' })).toMatchObject({ tone: 'good', to })
  expect(pull('change.abandoned', { reason: 'it was closed' }).text).toBe(
    'Pull request 12 was closed: it was closed',
  )
  // A change of the branch is told as before.
  const merged = event('dev.cdevents.change.merged', {
    subject: 'change/abcdef0123',
    data: { author: 'Ada', subject: 'Round' },
  })
  expect(tell(merged).text).toBe('Ada checked in “Round” (abcdef0)')
  const ended = { subject: 'run/7', data: { state: 'succeeded', pullRequest: 12 } }
  expect(tell(event('dev.cdevents.pipelinerun.finished', ended))).toMatchObject({
    text: 'Run 7 passed',
    to: '/runs/7',
  })
})
