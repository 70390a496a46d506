import { expect, test } from 'vitest'
import type { StoredEvent } from '#contract/event/event.ts'
import { withoutRepeatedReasons } from './reasons.ts'

const event = (id: number, reason?: string): StoredEvent =>
  ({ id, type: 'a', data: reason === undefined ? {} : { reason } }) as StoredEvent
const reasonsOf = (events: StoredEvent[]) => events.map(({ data }) => data['reason'])

test('the first event that gives a reason keeps it, and later ones do not repeat it', () => {
  const events = [event(4, 'production: no ledger'), event(3, 'no ledger'), event(2, 'no ledger')]
  expect(reasonsOf(withoutRepeatedReasons([...events, event(1)]))).toEqual([
    ...[null, null],
    ...['no ledger', undefined],
  ])
  expect(reasonsOf(withoutRepeatedReasons([event(2, 'slow'), event(1, 'no ledger')]))).toEqual([
    'slow',
    'no ledger',
  ])
})
