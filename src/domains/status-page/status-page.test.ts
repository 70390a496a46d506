import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ComponentState, componentStates } from '#contract/status-page/status-page.ts'
import { componentState, detailOf, type Vote } from './component.ts'
import { historyDays, historyOf } from './history.ts'
import { pageSettings } from './settings.ts'
import { nextShown, type Shown } from './shown.ts'

const began = Date.parse('2026-11-29T14:02:00Z')
const vote = (kind: string, state: Vote['state']): Vote => ({ kind, state, since: began })

describe('the state of a component', () => {
  test.each<[ComponentState, Vote[]]>([
    ['unknown', []],
    ['unknown', [vote('errors', 'unknown')]],
    ['operational', [vote('health', 'up'), vote('errors', 'unknown'), vote('latency', 'unknown')]],
    ['unknown', [vote('health', 'up'), vote('http', 'unknown'), vote('tcp', 'unknown')]],
    ['operational', [vote('health', 'up'), vote('http', 'unknown')]],
    ['degraded', [vote('health', 'up'), vote('errors', 'degraded')]],
    ['partial_outage', [vote('health', 'up'), vote('errors', 'up'), vote('http', 'down')]],
    ['major_outage', [vote('health', 'down'), vote('http', 'down'), vote('errors', 'unknown')]],
    ['maintenance', [vote('health', 'down'), vote('http', 'maintenance')]],
  ])('is %s', (state, votes) => {
    expect(componentState(votes)).toBe(state)
  })

  test('is never operational without an answer, and never when a check is down', () => {
    const states = ['up', 'degraded', 'down', 'unknown'] as const
    const kinds = fc.constantFrom('health', 'http', 'errors')
    const votes = fc.array(fc.record({ kind: kinds, state: fc.constantFrom(...states) }))
    fc.assert(
      fc.property(votes, (drawn) => {
        const state = componentState(drawn.map((one) => ({ ...one, since: 0 })))
        if (state !== 'operational') return
        expect(drawn.some((one) => one.state === 'up')).toBe(true)
        expect(drawn.some((one) => one.state === 'down')).toBe(false)
      }),
    )
  })

  test('is explained with the share of requests and the beginning', () => {
    const on = 'this began on 2026-11-29 at 14:02 UTC.'
    const votes = [vote('errors', 'degraded'), vote('health', 'up')]
    expect(detailOf('degraded', votes, 0.042)).toBe(`About 4 % of the requests fail; ${on}`)
    expect(detailOf('degraded', votes, 0.004)).toContain('Less than 1 %')
    expect(detailOf('degraded', votes, 0.999)).toContain('Nearly all of the requests')
    expect(detailOf('degraded', [vote('latency', 'degraded')], 0)).toContain('slower than usual')
    expect(detailOf('major_outage', [vote('health', 'down')], null)).toContain('does not run')
    expect(detailOf('partial_outage', [vote('http', 'down')], null)).toContain('Some checks fail')
    expect(detailOf('operational', votes, 0.5)).toBe('')
  })
})

describe('what a component shows', () => {
  const shown = (state: ComponentState): Shown => ({
    ...{ state, since: 0, pending: null, confirmed: began },
  })
  /** What is shown after each of the states, one of which is found every second. */
  const after = (from: ComponentState, found: ComponentState[]) => {
    let now: Shown = shown(from)
    const changes = found.flatMap((state, index) => {
      const next = nextShown(now, state, began + (index + 1) * 1000)
      now = next.shown
      return next.changes
    })
    return { now, changes }
  }
  const seconds = (count: number, state: ComponentState) =>
    Array.from({ length: count }, () => state)

  test('is worse at once, and better after a minute', () => {
    const worse = after('operational', ['partial_outage'])
    expect(worse.changes).toEqual([
      { state: 'partial_outage', before: 'operational', since: began + 1000 },
    ])
    expect(after('major_outage', seconds(60, 'operational')).now.state).toBe('major_outage')
    expect(after('major_outage', seconds(61, 'operational')).now.state).toBe('operational')
  })

  test('is unknown after half a minute: a host that restarts does not show', () => {
    expect(after('operational', seconds(30, 'unknown')).changes).toEqual([])
    expect(after('operational', seconds(31, 'unknown')).now.state).toBe('unknown')
  })

  test('does not change with a flap', () => {
    const flaps = Array.from({ length: 600 }, (_, index): ComponentState =>
      index % 20 < 5 ? 'major_outage' : 'operational',
    )
    expect(after('operational', flaps).changes).toHaveLength(1)
  })

  test('changes at most once a minute for the better, whatever is found', () => {
    const found = fc.array(fc.constantFrom(...componentStates.slice(0, 4)), { maxLength: 300 })
    fc.assert(
      fc.property(found, (states) => {
        const { changes } = after('operational', states)
        const rank = (state: ComponentState) => componentStates.indexOf(state)
        const better = changes.filter(({ state, before }) => rank(state) < rank(before!))
        for (const [index, { since }] of better.entries())
          if (index > 0) expect(since - better[index - 1]!.since).toBeGreaterThanOrEqual(60_000)
      }),
    )
  })

  test('was unknown while nobody confirmed it', () => {
    const now = began + 3_600_000
    expect(nextShown(shown('operational'), 'operational', now).changes).toEqual([
      { state: 'unknown', before: 'operational', since: began },
      { state: 'operational', before: 'unknown', since: now },
    ])
    expect(nextShown(shown('unknown'), 'operational', now).changes).toHaveLength(1)
    expect(nextShown(null, 'degraded', now)).toMatchObject({
      shown: { state: 'degraded', confirmed: now },
      changes: [{ before: null }],
    })
  })
})

describe('the history', () => {
  const day = 86_400_000
  const now = Date.parse('2026-11-29T12:00:00Z')

  test('remembers the worst state of each day, and nothing before the first record', () => {
    const { days, uptime } = historyOf(
      [
        { state: 'operational', since: now - 2 * day },
        { state: 'major_outage', since: now - day },
        { state: 'operational', since: now - day + 3_600_000 },
      ],
      now,
    )
    expect(days).toHaveLength(historyDays)
    expect(days.slice(-4).map(({ state }) => state)).toEqual([
      ...[null, 'operational', 'major_outage', 'operational'],
    ])
    expect(days.at(-1)?.date).toBe('2026-11-29')
    expect(uptime).toBeCloseTo(47 / 48)
  })

  test('counts no time in which nothing was known', () => {
    const changes = [{ state: 'unknown' as const, since: now - 100 * day }]
    expect(historyOf(changes, now).uptime).toBeNull()
    expect(historyOf([], now)).toMatchObject({ uptime: null })
    const late = [...changes, { state: 'operational' as const, since: now - day }]
    expect(historyOf(late, now).uptime).toBe(1)
  })

  test('does not depend on the order of the changes, and has a share from 0 to 1', () => {
    const change = fc.record({
      state: fc.constantFrom(...componentStates),
      since: fc.integer({ min: now - 200 * day, max: now + day }),
    })
    const unique = fc.uniqueArray(change, { selector: ({ since }) => since })
    fc.assert(
      fc.property(unique, (changes) => {
        const found = historyOf(changes, now)
        expect(historyOf(changes.toReversed(), now)).toEqual(found)
        expect(found.days).toHaveLength(historyDays)
        expect(found.uptime ?? 0).toBeGreaterThanOrEqual(0)
        expect(found.uptime ?? 0).toBeLessThanOrEqual(1)
      }),
    )
  })
})

test('an app is shown under its own name unless its file says otherwise', () => {
  expect(pageSettings('shop', null)).toMatchObject({ show: true, name: 'shop' })
  expect(pageSettings('shop', { show: false })).toMatchObject({ show: false, name: 'shop' })
  expect(pageSettings('shop', { show: true, name: 'The shop' }).name).toBe('The shop')
})
