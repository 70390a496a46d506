import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generator, normal } from '../../../../test/support/generator.ts'
import { isLong } from '../../../../test/support/scale.ts'
import type { MetricSettings, Reading, Sample } from '#contract/verdict/metric.ts'
import type { VerdictSettings } from '#contract/verdict/verdict.ts'
import { createJudge, type Judge } from './judge.ts'
import { makeBatch, settings } from './simulate.ts'

const jobs: MetricSettings = {
  kind: 'rate',
  of: 'events',
  tolerance: 0,
  worse: 'higher',
  advisory: false,
}
const withMetrics = (metrics: VerdictSettings['metrics']): VerdictSettings => ({
  ...settings,
  metrics,
})

type Arm = 'baseline' | 'canary'
const sampleOf = (at: number, name: string, baseline: Reading[], canary: Reading[]): Sample => ({
  at,
  metrics: { [name]: { baseline, canary } },
})

/** Workers that take jobs of a common queue: bursts of load and of failures hit both. */
function work(judge: Judge, seed: number, samples: number, rate: Record<Arm, number>): void {
  const random = generator(seed)
  const counters = { baseline: [0, 0], canary: [0, 0] }
  let state = 0
  for (let i = 0; i < samples; i += 1) {
    state = 0.9 * state + Math.sqrt(1 - 0.81) * normal(random)
    for (const arm of ['baseline', 'canary'] as const) {
      const done = Math.round((arm === 'canary' ? 5 : 20) * Math.exp(state) * (0.5 + random()))
      const [bad = 0, all = 0] = counters[arm]
      let failed = 0
      for (let k = 0; k < done; k += 1)
        if (random() < Math.min(0.9, rate[arm] * Math.exp(state))) failed += 1
      counters[arm] = [bad + failed, all + done]
    }
    const reading = (arm: Arm): Reading[] => [{ instance: arm, numbers: counters[arm] }]
    judge.read(sampleOf(i * 5000, 'jobs', reading('baseline'), reading('canary')))
  }
}

describe('a rate that instances report', () => {
  test('rarely alarms when both releases are equal, in bursts of load and failures', () => {
    const runs = isLong ? 400 : 100
    let alarms = 0
    for (let seed = 1; seed <= runs; seed += 1) {
      const judge = createJudge(withMetrics({ jobs }))
      work(judge, seed, 100, { baseline: 0.02, canary: 0.02 })
      if (judge.judge().verdict === 'harmful') alarms += 1
    }
    expect(alarms / runs).toBeLessThanOrEqual(0.01)
  })

  test('alarms when it is higher, and states the counts, without any requests', () => {
    const judge = createJudge(withMetrics({ jobs }))
    work(judge, 1, 100, { baseline: 0.02, canary: 0.2 })
    const { verdict, metric, reason, metrics } = judge.judge()
    expect({ verdict, metric }).toEqual({ verdict: 'harmful', metric: 'jobs' })
    expect(reason).toMatch(
      /^The canary's `jobs` is worse: \d+ of \d+, compared with \d+ of [\d,]+ in the previous /,
    )
    expect(metrics[0]?.ratio.low).toBeGreaterThan(1)
  })

  test('is healthy when more harm is excluded; workers need no requests for it', () => {
    const judge = createJudge(withMetrics({ jobs }))
    work(judge, 1, 50, { baseline: 0.02, canary: 0.02 })
    expect(judge.judge().verdict).toBe('undecided')
    work(judge, 2, 3000, { baseline: 0.02, canary: 0.02 })
    expect(judge.judge()).toMatchObject({
      verdict: 'healthy',
      basis: 'excluded',
      metrics: [{ state: 'healthy' }],
    })
  })

  test('without readings is never healthy', () => {
    const judge = createJudge(withMetrics({ jobs }))
    const random = generator(1)
    for (let i = 0; i < 500; i += 1)
      judge.observe(
        makeBatch(random, { share: 0.5, requests: 100, rate: { baseline: 0.02, canary: 0.02 } }),
      )
    const known = judge.judge({ isOver: true })
    expect(known).toMatchObject({ verdict: 'undecided', metrics: [{ state: 'unknown' }] })
    expect(known.reason).toBe('Not enough data: no readings of `jobs` yet.')
    const advisory = createJudge(withMetrics({ jobs: { ...jobs, advisory: true } }))
    for (let i = 0; i < 500; i += 1)
      advisory.observe(
        makeBatch(random, { share: 0.5, requests: 100, rate: { baseline: 0.02, canary: 0.02 } }),
      )
    expect(advisory.judge().verdict).toBe('healthy')
  })

  test('counts only growth, and each event once', () => {
    const counter = fc.record({
      instance: fc.constantFrom('a', 'b'),
      by: fc.nat(50),
      restarts: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(counter, { maxLength: 40 }), (grown) => {
        const judge = createJudge(withMetrics({ jobs }))
        const known = new Map<string, { bad: number; life: number }>()
        let added = 0
        for (const [i, { instance, by, restarts }] of grown.entries()) {
          const before = known.get(instance)
          if (before && !restarts) added += by
          const now =
            before && !restarts ? { bad: before.bad + by, life: before.life } : { bad: by, life: i }
          known.set(instance, now)
          judge.read(
            sampleOf(
              i,
              'jobs',
              [],
              [{ instance: `${instance}/${now.life}`, numbers: [now.bad, 2 * now.bad] }],
            ),
          )
        }
        expect(judge.judge().metrics[0]?.canary).toMatchObject({ bad: added, count: 2 * added })
      }),
    )
  })

  test('per second uses the running time of the instances', () => {
    const judge = createJudge(withMetrics({ retries: { ...jobs, of: 'seconds' } }))
    const reading = (instance: string, bad: number): Reading[] => [{ instance, numbers: [bad] }]
    for (let i = 0; i < 60; i += 1)
      judge.read(sampleOf(i * 1000, 'retries', reading('a', i), reading('b', 5 * i)))
    expect(judge.judge()).toMatchObject({
      verdict: 'harmful',
      metrics: [{ baseline: { value: 1 }, canary: { value: 5 } }],
    })
  })
})

describe('a route', () => {
  test('is judged by its own requests', () => {
    const judge = createJudge(withMetrics({ checkout: { ...jobs, of: 'requests' } }))
    const random = generator(3)
    for (let i = 0; i < 200; i += 1) {
      const batch = makeBatch(random, {
        at: i * 1000,
        share: 0.5,
        requests: 200,
        rate: { baseline: 0.05, canary: 0.05 },
      })
      const failed = random() < 0.3 ? 1 : 0
      judge.observe({
        ...batch,
        baseline: { ...batch.baseline, routes: { checkout: [2, 0] } },
        canary: { ...batch.canary, routes: { checkout: [2, failed] } },
      })
    }
    expect(judge.judge()).toMatchObject({ verdict: 'harmful', metric: 'checkout' })
  })
})

describe('a distribution that instances report', () => {
  const bounds = [0.1, 0.2, 0.5, 1, 2, 5, 10]
  const histogram: MetricSettings = {
    kind: 'distribution',
    of: 'events',
    tolerance: 0.1,
    worse: 'higher',
    advisory: false,
  }

  function measure(judge: Judge, seed: number, unit: number, slower: number): void {
    const random = generator(seed)
    const counts = {
      baseline: bounds.map(() => 0).concat(0),
      canary: bounds.map(() => 0).concat(0),
    }
    for (let i = 0; i < 100; i += 1) {
      for (const arm of ['baseline', 'canary'] as const)
        for (let k = 0; k < 20; k += 1) {
          const value = 0.6 * Math.exp(0.7 * normal(random)) * (arm === 'canary' ? slower : 1)
          for (let b = 0; b <= bounds.length; b += 1)
            if (value <= (bounds[b] ?? Infinity)) counts[arm][b] = (counts[arm][b] ?? 0) + 1
        }
      const reading = (arm: Arm): Reading[] => [
        { instance: arm, numbers: [...counts[arm]], bounds: bounds.map((bound) => bound * unit) },
      ]
      judge.read(sampleOf(i * 5000, 'time', reading('baseline'), reading('canary')))
    }
  }

  test('alarms when it rises, in any unit, and not when it is equal', () => {
    const judge = (unit: number, slower: number) => {
      const made = createJudge(withMetrics({ time: histogram }))
      measure(made, 1, unit, slower)
      return made.judge()
    }
    const [seconds, hours] = [judge(1, 2), judge(1 / 3600, 2)]
    expect(seconds).toMatchObject({ verdict: 'harmful', metric: 'time' })
    expect(seconds.reason).toMatch(
      /^The canary's `time` is higher: its p\d+ is .*, compared with .* in the previous /,
    )
    expect(hours.evidence).toBe(seconds.evidence)
    expect(seconds.metrics[0]?.ratio.estimate).toBeCloseTo(hours.metrics[0]?.ratio.estimate ?? 0, 1)
    expect(judge(1, 1)).toMatchObject({ verdict: 'healthy', metrics: [{ state: 'healthy' }] })
  })
})

describe('a gauge', () => {
  test('is shown and never decides', () => {
    const judge = createJudge(
      withMetrics({
        lag: { kind: 'gauge', of: 'events', tolerance: 0, worse: 'higher', advisory: true },
      }),
    )
    for (let i = 0; i < 500; i += 1)
      judge.read(
        sampleOf(
          i,
          'lag',
          [{ instance: 'a', numbers: [1] }],
          [{ instance: 'b', numbers: [1_000_000] }],
        ),
      )
    expect(judge.judge()).toMatchObject({
      verdict: 'undecided',
      metrics: [
        {
          advisory: true,
          canary: { count: 500, value: 1_000_000 },
          ratio: { estimate: 1_000_000 },
        },
      ],
    })
  })
})

describe('several metrics', () => {
  test('share one level: five alarm no more often than one', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const metrics = Object.fromEntries(
      names.map((name) => [name, { ...jobs, of: 'requests' as const }]),
    )
    const runs = isLong ? 300 : 100
    let alarms = 0
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = generator(seed)
      const judge = createJudge(withMetrics(metrics))
      for (let i = 0; i < 100; i += 1) {
        const batch = makeBatch(random, {
          at: i * 1000,
          share: 0.2,
          requests: 20,
          rate: { baseline: 0.05, canary: 0.05 },
        })
        const routes = (requests: number) =>
          Object.fromEntries(
            names.map((name) => {
              let failed = 0
              for (let k = 0; k < requests; k += 1) if (random() < 0.05) failed += 1
              return [name, [requests, failed] as [number, number]]
            }),
          )
        judge.observe({
          ...batch,
          baseline: { ...batch.baseline, routes: routes(batch.baseline.requests) },
          canary: { ...batch.canary, routes: routes(batch.canary.requests) },
        })
      }
      if (judge.judge().verdict === 'harmful') alarms += 1
    }
    expect(alarms / runs).toBeLessThanOrEqual(0.01)
  })
})
