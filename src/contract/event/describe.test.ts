import { describe, expect, test } from 'vitest'
import { events } from '#contract/events.ts'
import type { EventDefinition } from './define-event.ts'
import { describeEvent, unknownEventText } from './describe.ts'
import type { StoredEvent } from './event.ts'
import { pageOf, subjectPatterns } from './subject.ts'

const stored = (type: string, more: Partial<StoredEvent> = {}): StoredEvent => ({
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
const definitions = events as unknown as EventDefinition[]
const exampleOf = ({ type, version, example }: EventDefinition): StoredEvent =>
  stored(type, { version, actor: 'fairlead', ...example })

/** Fails on the fallback, on a value that is missing, and on a sentence that is none. */
function expectSentence(event: StoredEvent): void {
  const { text } = describeEvent(event)
  expect(text).not.toBe(unknownEventText(event))
  expect(text).not.toMatch(/undefined|null|NaN|\[object|Unknown event|\.$/)
  const { author } = event.data
  const isPerson = text.startsWith(event.actor) || text.startsWith(String(author))
  expect(text).toMatch(isPerson ? /^.+ .* / : /^[A-Z0-9].* .* /)
}

describe.each(definitions.map((definition) => [definition.type, definition] as const))(
  '%s',
  (type, definition) => {
    test('has an example that fits its declaration and the forms of subjects', () => {
      expect(definition.data.safeParse(definition.example.data).error).toBeUndefined()
      const forms = Object.values(subjectPatterns)
      expect(forms.some((form) => form.test(definition.example.subject))).toBe(true)
    })
    test('has a sentence for its example, for data of another version, and without data', () => {
      const example = exampleOf(definition)
      expectSentence(example)
      expectSentence({ ...example, data: { ...example.data, added: 'later' } })
      const strange = Object.keys(definition.data.shape).map((field) => [field, { changed: true }])
      expectSentence({ ...example, data: Object.fromEntries(strange) })
      expectSentence({ ...example, data: {} })
    })
    test('has a sentence that no other event has', () => {
      const views = definitions.filter((one) => one.type !== type).map(exampleOf)
      const own = describeEvent(exampleOf(definition)).text
      expect(views.map((event) => describeEvent(event).text)).not.toContain(own)
    })
  },
)

test('no two definitions have the same type', () => {
  const types = definitions.map(({ type }) => type)
  expect(new Set(types).size).toBe(types.length)
})

test('an event of a type that this version does not know has the explicit fallback', () => {
  const event = stored('dev.cdevents.ticket.created')
  expect(describeEvent(event)).toEqual({
    tone: 'fact',
    text: 'Unknown event ticket.created of run/7',
    page: '/runs/7',
  })
  expect(() => expectSentence(event)).toThrow()
})

const text = (type: string, more: Partial<StoredEvent> = {}): string =>
  describeEvent(stored(type, more)).text

test('keeps the names of people as they are written, also at the start', () => {
  const merged = { subject: 'change/abcdef0123', data: { subject: 'x', author: 'ada b.' } }
  expect(text('dev.cdevents.change.merged', merged)).toMatch(/^ada b\. pushed/)
  const released = { subject: 'change/abcdef0123', actor: 'éva' }
  const type = 'dev.cdeventsx.fairlead-change.released'
  expect(text(type, released)).toMatch(/^éva requested/)
  expect(text(type, { ...released, actor: 'this machine' })).toMatch(/^This machine requested/)
  expect(text(type, { ...released, actor: 'fairlead' })).toMatch(/^Fairlead requested/)
  const back = { subject: 'deployment/9', data: { environment: 'staging' } }
  expect(text('dev.cdevents.service.rolledback', back)).toBe(
    'Environment staging was rolled back to an earlier release',
  )
})

test('describes the events of webhooks', () => {
  const type = 'dev.cdeventsx.fairlead-webhook'
  const subject = 'webhook/prepaid'
  expect(text(`${type}.created`, { subject })).toBe(
    'Ada created a secret for the webhook of prepaid',
  )
  expect(text(`${type}.deleted`, { subject })).toBe('Ada removed the webhook of prepaid')
  const change = { subject: 'change/abcdef0123', data: { lateAtMostSeconds: 29.4 } }
  expect(text(`${type}.missed`, change)).toBe(
    'No webhook announced change abcdef0; polling found it at most 30 seconds after the push',
  )
  expect(text(`${type}.replayed`, { subject, data: { delivery: 5 } })).toBe(
    'Ada replayed delivery 5 to the webhook of prepaid',
  )
})

test('links to the page of the subject and gives the reason', () => {
  const data = { name: 'test', outcome: 'failure', attempt: 2, reason: 'exited with 1.\nmore' }
  const step = { subject: 'run/7/step/test', data }
  expect(describeEvent(stored('dev.cdevents.taskrun.finished', step))).toEqual({
    tone: 'bad',
    text: 'Step test failed on attempt 2: exited with 1',
    page: '/runs/7?step=test',
  })
  const upgraded = {
    subject: 'deployment/9',
    data: { environment: 'dev', kind: 'delivery', run: 7 },
  }
  expect(describeEvent(stored('dev.cdevents.service.upgraded', upgraded))).toMatchObject({
    text: 'The release now receives the traffic of dev',
    page: '/apps/prepaid/environments/dev',
  })
  expect(pageOf({ subject: 'environment/shop/dev', app: null, data: {} })).toBe(
    '/apps/shop/environments/dev',
  )
})

test('describes a canary by its share and its end, and links to its analysis', () => {
  const canary = (type: string, data: StoredEvent['data']) =>
    describeEvent(
      stored(`dev.cdeventsx.fairlead-verdict.${type}`, {
        subject: 'deployment/9',
        data: { environment: 'production', kind: 'delivery', run: 7, ...data },
      }),
    )
  expect(canary('started', { share: 0.05 })).toEqual({
    tone: 'move',
    text: 'The release is a canary in production with 5% of the requests',
    page: '/deployments/9/canary',
  })
  expect(canary('shared', { share: 0.125 }).text).toBe(
    'The canary in production now receives 12.5% of the requests',
  )
  expect(canary('waiting', { reason: 'no request has come yet.' })).toMatchObject({
    tone: 'unknown',
    text: 'The canary in production waits for a decision: no request has come yet',
  })
  const reason = 'Fails 9 times as often.'
  expect(canary('finished', { verdict: 'harmful', state: 'taken_back', reason })).toMatchObject({
    tone: 'bad',
    text: 'The canary in production is harmful and was rolled back: Fails 9 times as often',
  })
  expect(canary('finished', { verdict: 'healthy', reason: '' })).toMatchObject({
    tone: 'good',
    text: 'The canary in production is healthy',
  })
  // A verdict that is missing is never shown as good.
  expect(canary('finished', {}).tone).toBe('unknown')
})

test('describes a pull request by its new state and links to the list', () => {
  const pull = (type: string, data: StoredEvent['data']) =>
    describeEvent(
      stored(`dev.cdevents.${type}`, {
        subject: 'pull-request/12',
        actor: 'grace',
        data: { pullRequest: 12, ...data },
      }),
    )
  const page = '/apps/prepaid/pull-requests'
  expect(pull('change.created', { subject: 'Round prices', author: 'grace' })).toEqual({
    tone: 'fact',
    text: 'grace opened pull request 12: “Round prices”',
    page,
  })
  expect(pull('change.updated', { sha: 'a'.repeat(40) }).text).toBe(
    'Pull request 12 has a new head, aaaaaaa',
  )
  expect(pull('change.updated', { isAgain: true }).text).toBe('Pull request 12 was reopened')
  expect(pull('change.merged', { subject: 'Round prices' })).toMatchObject({ tone: 'good', page })
  expect(pull('change.abandoned', { reason: 'it was closed' }).text).toBe(
    'Pull request 12 was closed: it was closed',
  )
  const pushed = { subject: 'change/abcdef0123', data: { author: 'Ada', subject: 'Round' } }
  expect(text('dev.cdevents.change.merged', pushed)).toBe('Ada pushed “Round” (abcdef0)')
  const ended = { subject: 'run/7', data: { state: 'succeeded', pullRequest: 12 } }
  expect(describeEvent(stored('dev.cdevents.pipelinerun.finished', ended))).toMatchObject({
    text: 'Run 7 passed for pull request 12',
    page: '/runs/7',
  })
})
