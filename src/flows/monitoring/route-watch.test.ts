import { expect, test } from 'vitest'
import type { PartCounts, PartLatencies } from '#contract/host/measurements.ts'
import { isLong } from '../../../test/support/scale.ts'
import { generator, normal, poisson } from '../../../test/support/generator.ts'
import { routeKinds, RouteWatch } from './route-watch.ts'

const day = 86_400
/** Requests a second. */
const load = { '/home': 20, '/pay': 1, '/refund': 0.05 }
type Name = keyof typeof load

/**
 * Adds seconds in which a share of the requests of each route fails; the usual one is 0.1 %. The
 * others take 20 ms, or as many times longer as `slower` says, with log-normal noise of 0.6.
 */
function simulate(seed: number) {
  const random = generator(seed)
  const times = { now: 0 }
  /** Adds seconds until `isEnough`, and returns how many. */
  const pass = (
    watch: RouteWatch,
    seconds: number,
    failing: Partial<Record<Name, number>> = {},
    isEnough = (): boolean => false,
    slower: Partial<Record<Name, number>> = {},
  ): number => {
    for (let second = 1; second <= seconds; second += 1) {
      const counts: PartCounts = { '': [2, 0] }
      const latencies: PartLatencies = {}
      for (const [name, mean] of Object.entries(load)) {
        const requests = poisson(random, mean)
        const share = failing[name as Name] ?? 0.001
        const errors = Math.min(requests, poisson(random, share * requests))
        if (requests > 0) counts[name] = [requests, errors]
        if (requests > errors)
          latencies[name] = lognormal(random, requests - errors, 20 * (slower[name as Name] ?? 1))
      }
      watch.add((times.now += 1) * 1000, counts, latencies)
      if (isEnough()) return second
    }
    return seconds
  }
  return { pass, times }
}

/** Values around a median: how many, and the sum and the squares of their logarithms. */
function lognormal(random: () => number, values: number, median: number): PartLatencies[string] {
  const sum = values * Math.log(median) + 0.6 * Math.sqrt(values) * normal(random)
  return [values, sum, (sum * sum) / values + 0.36 * (values - 1)]
}

test('a route with few requests is noticed within minutes, by name, and its end too', () => {
  const { pass, times } = simulate(7)
  let watch = new RouteWatch()
  pass(watch, 3600 + day - 1)
  for (const kind of routeKinds) expect(watch.judgement(kind)).toBeNull()
  // Healthy routes raise nothing.
  for (let hour = 0; hour < (isLong ? 48 : 8); hour += 1) {
    pass(watch, 3600)
    for (const kind of routeKinds) expect(watch.judgement(kind)).toMatchObject({ state: 'up' })
  }
  const began = times.now
  // 3 requests a minute of 1,263 fail: 0.24 % of those of the service.
  const found = pass(watch, 1800, { '/refund': 1 }, () => watch.hasHarm('routes'))
  expect(found).toBeLessThan(600)
  expect(watch.judgement('routes')).toMatchObject({
    state: 'degraded',
    reason: expect.stringMatching(/^\d+ % of the requests to \/refund fail, usually /) as string,
  })
  const onset = watch.judgement('routes')!.onset!
  expect(onset.from / 1000).toBeLessThanOrEqual(began + 60)
  expect(onset.until / 1000).toBeGreaterThanOrEqual(began)
  // Another server goes on, and another route joins.
  watch = new RouteWatch(structuredClone(watch.save()))
  watch.share(3, 10)
  pass(watch, 60, { '/refund': 1, '/pay': 1 })
  expect(watch.judgement('routes')?.reason).toMatch(
    /to \/(pay|refund) fail, .* and so does \/(pay|refund)$/,
  )
  expect(pass(watch, 7200, {}, () => !watch.hasHarm('routes'))).toBeLessThan(3600)
  expect(watch.judgement('routes')).toEqual({
    kind: 'routes',
    state: 'up',
    reason: '',
    onset: null,
  })

  // A request of 20 ms to the quiet route takes 60: 0.1 % of those of the service.
  const slowSince = times.now
  const isSlow = () => watch.hasHarm('slow-routes')
  expect(pass(watch, 7200, {}, isSlow, { '/refund': 3 })).toBeLessThan(1800)
  expect(watch.judgement('routes')).toMatchObject({ state: 'up' })
  expect(watch.judgement('slow-routes')).toMatchObject({
    ...{ state: 'degraded', routes: ['/refund'] },
    reason: expect.stringMatching(/^a request to \/refund takes \d+ ms, usually 2\d ms$/) as string,
  })
  const since = watch.judgement('slow-routes')!.onset!
  expect(since.from / 1000).toBeGreaterThan(slowSince - 14_400)
  watch = new RouteWatch(structuredClone(watch.save()))
  expect(pass(watch, 7200, {}, () => !isSlow())).toBeLessThan(1800)
  expect(watch.judgement('slow-routes')).toMatchObject({ state: 'up', reason: '' })
})

test('the end of harm is found although the other route is new', () => {
  const watch = new RouteWatch()
  watch.share(1, 2)
  const pass = (seconds: number, counts: PartCounts) => {
    for (let second = 0; second < seconds; second += 1) watch.add(second * 1000, counts, {})
  }
  pass(3600 + day, { '/a': [5, 0], '/b': [2, 0] })
  pass(60, { '/a': [5, 5], '/b': [2, 0] })
  // A busier route takes the place of the quiet one while the harm goes on.
  pass(3600, { '/a': [5, 5], '/c': [900, 0] })
  expect(watch.save().routes.map(({ name }) => name)).toEqual(['/a', '/c'])
  expect(watch.judgement('routes')).toMatchObject({ state: 'degraded', routes: ['/a'] })
  pass(600, { '/a': [5, 0], '/c': [900, 0] })
  expect(watch.judgement('routes')).toMatchObject({ state: 'up' })
})

test('the busiest routes are watched, and a busier one takes the place of the quietest', () => {
  const watch = new RouteWatch()
  watch.share(2, 2)
  const hour = (counts: PartCounts) => {
    for (let second = 0; second < 3600; second += 1) watch.add(second * 1000, counts, {})
  }
  const names = () => watch.save().routes.map(({ name }) => name)
  hour({ '': [90, 0], '/a': [3, 0], '/b': [2, 0], '/c': [1, 0] })
  expect(names()).toEqual(['/a', '/b'])
  hour({ '/a': [3, 0], '/b': [2, 0], '/c': [2, 0] })
  expect(names()).toEqual(['/a', '/b'])
  hour({ '/a': [3, 0], '/c': [9, 0] })
  expect(names()).toEqual(['/a', '/c'])
})
