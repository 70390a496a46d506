import { generator } from '../../test/support/generator.ts'
import { even, latencyOf, type Load, plain, type Random, type Serve } from './streams.ts'

/** Releases that are as good as the one before, under loads and effects that hit processes. */
export interface Identical {
  name: string
  load: Load
  serve: () => Serve
}

/** One of 200 requests blocks its process for 300 ms: the others of the process wait. */
function blocking(perSecond: number): () => Serve {
  return () => {
    const free = { baseline: 0, canary: 0 }
    let [now, second] = [0, -1]
    return (random, arm, at) => {
      if (at !== second) [now, second] = [at * 1000, at]
      now += -Math.log(1 - random()) * (1000 / perSecond)
      const wait = Math.max(0, free[arm] - now)
      const blocks = random() < 0.005 ? 300 : 0
      if (blocks > 0) free[arm] = now + wait + blocks
      return { outcome: '2xx', ms: latencyOf(random) + wait + blocks }
    }
  }
}

/** Each release resets its connections once in 40 seconds: requests of 200 ms are broken off. */
function resets(): () => Serve {
  return () => {
    const broken = { baseline: -1, canary: -1 }
    let second = -1
    return (random, arm, at) => {
      if (at !== second) {
        second = at
        for (const one of ['baseline', 'canary'] as const) broken[one] = random() < 1 / 40 ? at : -1
      }
      const isHit = broken[arm] === at && random() < 0.2
      return { outcome: isHit ? 'broken' : '2xx', ms: latencyOf(random) }
    }
  }
}

/** The canary begins `factor` times slower and is warm after 20 seconds. */
const cold =
  (factor: number): (() => Serve) =>
  () =>
  (random, arm, second) => ({
    outcome: '2xx',
    ms:
      latencyOf(random) * (arm === 'canary' ? 1 + (factor - 1) * Math.max(0, 1 - second / 20) : 1),
  })

/** Failures that hit both releases for some seconds. */
const outages = (): Serve => (random, _arm, second) => ({
  outcome: random() < (second % 60 < 5 ? 0.5 : 0.005) ? '5xx' : '2xx',
  ms: latencyOf(random) * (second % 60 < 5 ? 10 : 1),
})

/** A load that depends on its past, as the logarithm of an autoregression. */
function drifting(rho: number, mean: number): Load {
  const noise = generator(17)
  const states = new Map<number, number>()
  return (_random: Random, second: number): number => {
    const last = states.get(second - 1) ?? 0
    const shock = Math.sqrt(-2 * Math.log(1 - noise())) * Math.cos(2 * Math.PI * noise())
    const state = rho * last + Math.sqrt(1 - rho * rho) * shock
    states.set(second, state)
    return mean * Math.exp(0.7 * state)
  }
}

export const identical: Identical[] = [
  { name: 'no errors, 20/s', load: 20, serve: plain(even(0)) },
  { name: 'errors 1 %, 20/s', load: 20, serve: plain(even(0.01)) },
  { name: 'errors 50 %, 20/s', load: 20, serve: plain(even(0.5)) },
  {
    name: 'errors 1 %, load with memory, ρ 0.9',
    load: drifting(0.9, 20),
    serve: plain(even(0.01)),
  },
  { name: 'outages that hit both releases, 20/s', load: 20, serve: outages },
  { name: 'slower by exactly the tolerance, 100/s', load: 100, serve: plain(even(0), 1.1) },
  { name: 'processes that block, 20/s', load: 20, serve: blocking(20) },
  { name: 'processes that block, 100/s', load: 100, serve: blocking(100) },
  { name: 'connections that are reset, 20/s', load: 20, serve: resets() },
  { name: 'connections that are reset, 100/s', load: 100, serve: resets() },
  { name: 'a cold start, ×4, 20/s', load: 20, serve: cold(4) },
  { name: 'a cold start, ×4, 200/s', load: 200, serve: cold(4) },
]
