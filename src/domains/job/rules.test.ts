import { describe, expect, test } from 'vitest'
import { admit, newestTime, nextTime, stateOf } from './rules.ts'

const vienna = (...schedule: string[]) => ({ schedule, zone: 'Europe/Vienna' })
const at = (time: string): Date => new Date(`${time}:00Z`)

/** The times after `from` until `to`, in UTC. */
function times(schedule: ReturnType<typeof vienna>, from: string, to: string): string[] {
  const found: string[] = []
  for (let next = nextTime(schedule, at(from)); next && next <= at(to);)
    next = (found.push(next.toISOString().slice(0, 16)), nextTime(schedule, next))
  return found
}

describe('the times of a schedule', () => {
  test('follow its time zone', () => {
    expect(times(vienna('0 3 * * *'), '2026-01-01T00:00', '2026-01-01T12:00')).toEqual([
      '2026-01-01T02:00',
    ])
    expect(times(vienna('0 3 * * *'), '2026-07-01T00:00', '2026-07-01T12:00')).toEqual([
      '2026-07-01T01:00',
    ])
  })

  test('occur once on the day on which the hour is left out', () => {
    expect(times(vienna('30 2 * * *'), '2026-03-28T12:00', '2026-03-30T12:00')).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
  })

  test('occur once on the day on which the hour is repeated', () => {
    expect(times(vienna('30 2 * * *'), '2026-10-24T12:00', '2026-10-26T12:00')).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  test('keep their interval in both hours that are repeated', () => {
    expect(times(vienna('*/30 * * * *'), '2026-10-25T00:10', '2026-10-25T01:40')).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
    ])
  })

  test('are those of all its expressions', () => {
    const both = { schedule: ['0 3 * * *', '30 2 * * *'], zone: 'UTC' }
    expect(nextTime(both, at('2026-01-01T00:00'))).toEqual(at('2026-01-01T02:30'))
    expect(nextTime({ schedule: [], zone: 'UTC' }, at('2026-01-01T00:00'))).toBeNull()
  })
})

describe('the newest time', () => {
  const nightly = { schedule: ['0 3 * * *'], zone: 'UTC' }
  const minutely = { schedule: ['* * * * *'], zone: 'UTC' }

  test.each([
    ['before its time', '2026-01-01T03:00', '2026-01-02T02:59', null],
    ['at its time', '2026-01-01T03:00', '2026-01-02T03:00', '2026-01-02T03:00'],
    ['after several were missed', '2026-01-01T03:00', '2026-01-09T12:00', '2026-01-09T03:00'],
    ['when the clock was set back', '2026-01-02T03:00', '2026-01-01T12:00', null],
  ])('%s', (_when, last, now, expected) => {
    expect(newestTime(nightly, at(last), at(now))).toEqual(expected && at(expected))
  })

  test('is found quickly after years', () => {
    const began = performance.now()
    const found = newestTime(minutely, at('2019-01-01T00:00'), at('2026-01-01T00:00'))
    expect(found).toEqual(at('2026-01-01T00:00'))
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('of a rare schedule is found after years', () => {
    const leap = { schedule: ['0 0 29 2 *'], zone: 'UTC' }
    expect(newestTime(leap, at('2019-01-01T00:00'), at('2026-01-01T00:00'))).toEqual(
      at('2024-02-29T00:00'),
    )
  })
})

describe('a run that is due', () => {
  const due = at('2026-01-01T03:00')
  const now = at('2026-01-01T03:01')
  const running = { id: 7, state: 'running' as const }
  const waiting = { id: 8, state: 'waiting' as const }

  test.each([
    ['skip', [], 'waiting'],
    ['skip', [running], 'skipped'],
    ['skip', [waiting], 'skipped'],
    ['wait', [running], 'waiting'],
    ['wait', [running, waiting], 'skipped'],
    ['allow', [running, waiting], 'waiting'],
  ] as const)('with overlap: %s beside %j is %s', (overlap, open, state) => {
    expect(admit({ overlap, missed: 'run' }, { due, now, open }).state).toBe(state)
  })

  test('names the run that it does not overlap with', () => {
    const rule = { overlap: 'skip', missed: 'run' } as const
    expect(admit(rule, { due, now, open: [running] }).reason).toBe('run 7 had not ended')
  })

  test('and was missed, is late or skipped', () => {
    const later = at('2026-01-01T09:00')
    const late = (missed: 'run' | 'skip') =>
      admit({ overlap: 'skip', missed }, { due, now: later, open: [] })
    expect(late('run')).toEqual({ state: 'waiting', reason: null })
    expect(late('skip')).toEqual({
      ...{ state: 'skipped', reason: 'no server was running at that time' },
    })
  })
})

test('the state of a run follows from the end of its command', () => {
  expect(stateOf({ kind: 'exited', exit: 0 })).toBe('passed')
  expect(stateOf({ kind: 'exited', exit: 3 })).toBe('failed')
  expect(stateOf({ kind: 'exited', exit: null })).toBe('failed')
  expect(stateOf({ kind: 'not_started', exit: null })).toBe('failed')
  expect(stateOf({ kind: 'timed_out', exit: null })).toBe('timed_out')
  expect(stateOf({ kind: 'lost', exit: null })).toBe('lost')
})
