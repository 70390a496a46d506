import { expect, test } from 'vitest'
import { eventTypes, type StoredEvent } from '#contract/event.ts'
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
  expect(tell(event('dev.cdevents.taskrun.finished', { subject: 'run/7/step/test', data: failed }))).toEqual({
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
  expect(told).toMatchObject({ text: 'The release took the traffic of dev', to: '/apps/prepaid/environments/dev' })
})
