import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ComponentState, componentStates } from '#contract/status-page/status-page.ts'
import { affectedBy, combinedFacts, namesText, type ScopedComponent } from './affected.ts'
import { componentState, detailOf, routeVote, type Vote } from './component.ts'
import { historyDays, historyOf } from './history.ts'
import { pageSettings } from './settings.ts'
import { nextShown, type Shown } from './shown.ts'

const began = Date.parse('2026-11-29T14:02:00Z')
const all = { service: null, route: null, monitors: [] }
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
    for (const kind of ['latency', 'slow-routes'])
      expect(detailOf('degraded', [vote(kind, 'degraded')], 0)).toContain('slower than usual')
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

test('components have the names of the file, and the group of the app', () => {
  expect(pageSettings('shop', { group: 'Shop' }).components).toEqual([
    { component: '', name: 'shop', group: 'Shop', scope: { ...all } },
  ])
  const components = {
    checkout: { name: 'Checkout', route: '/checkout' },
    cards: { group: 'Payments', monitors: ['processor'] },
  }
  expect(pageSettings('shop', { group: 'Shop', components }).components).toEqual([
    {
      component: 'checkout',
      name: 'Checkout',
      group: 'Shop',
      scope: { ...all, route: '/checkout' },
    },
    {
      ...{ component: 'cards', name: 'cards', group: 'Payments' },
      scope: { ...all, monitors: ['processor'] },
    },
  ])
})

describe('what errors of a service say about a route', () => {
  const degraded = vote('errors', 'degraded')
  const all = { requests: 1000, errors: 40 }
  test.each<[Vote['state'], number, number]>([
    ['unknown', 0, 0],
    ['up', 100, 0],
    ['up', 200, 3],
    ['degraded', 200, 4],
    ['down', 50, 36],
    ['degraded', 4, 4],
  ])('%s', (state, requests, errors) => {
    expect(routeVote(degraded, { requests, errors }, all).state).toBe(state)
  })

  test('is nothing while the monitor finds no harm', () => {
    for (const state of ['up', 'unknown', 'maintenance'] as const)
      expect(routeVote(vote('errors', state), all, all).state).toBe(state)
  })

  test('of the routes of a service with errors, at least one is harmed', () => {
    const route = fc
      .record({ requests: fc.integer({ min: 1, max: 500 }), share: fc.double({ min: 0, max: 1 }) })
      .map(({ requests, share }) => ({ requests, errors: Math.floor(requests * (share || 0)) }))
    fc.assert(
      fc.property(fc.array(route, { minLength: 1, maxLength: 9 }), (routes) => {
        const sum = routes.reduce((a, b) => ({
          requests: a.requests + b.requests,
          errors: a.errors + b.errors,
        }))
        fc.pre(sum.errors > 0)
        const states = routes.map((one) => routeVote(degraded, one, sum).state)
        expect(states.some((state) => state === 'degraded' || state === 'down')).toBe(true)
      }),
    )
  })
})

describe('the components of an incident', () => {
  const at = { app: 'shop', environment: 'production' }
  const component = (key: string, service: string | null): ScopedComponent => ({
    ...{ ...at, component: key, name: key, scope: { ...all, service } },
  })
  const components = [component('a', 'web'), component('b', 'api'), component('c', null)]
  const keys = (service: string | null, harmed: string[]) =>
    affectedBy({ ...at, service }, components, (one) => harmed.includes(one.component))
      .map((one) => one.component)
      .join('')

  test('are those with harm, otherwise those of its service, otherwise all', () => {
    expect(keys(null, [])).toBe('abc')
    expect(keys(null, ['b'])).toBe('b')
    expect(keys('web', [])).toBe('ac')
    expect(keys('web', ['b', 'c'])).toBe('c')
    expect(affectedBy({ ...at, app: 'other', service: null }, components, () => true)).toEqual([])
  })

  test('are named together, with what fails in each', () => {
    expect(namesText(['a'])).toBe('a')
    expect(namesText(['a', 'b', 'c', 'd'])).toBe('a, b, c and d')
    expect(namesText(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more')
    const facts = (name: string, state: ComponentState, detail: string) => ({
      ...{ name, state, detail, wait: 0 },
    })
    expect(
      combinedFacts([facts('*A*', 'degraded', 'Slow.'), facts('B', 'major_outage', 'Down.')]),
    ).toEqual(facts('*A* and B', 'major_outage', '\\*A\\*: Slow. B: Down.'))
  })
})
