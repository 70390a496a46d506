import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generator, normal } from '../../../../test/support/generator.ts'
import { isLong } from '../../../../test/support/scale.ts'
import { type ArmCounts, bucketOf, latencyBuckets } from '#contract/verdict/verdict.ts'
import { rateBounds } from './difference.ts'
import { fallEvidence, ratioInterval, riseEvidence, type Tally, theta } from './errors.ts'
import { exclusionEvidence } from './exclusion.ts'
import { createJudge } from './judge.ts'
import { lnGamma, normalQuantile } from './numbers.ts'
import { type Made, makeBatch, settings } from './simulate.ts'

/** The part of runs in which a judge that looks after every batch ever alarms. */
function alarms(
  runs: number,
  batches: number,
  make: (random: () => number, i: number) => Made,
): number {
  let count = 0
  for (let run = 1; run <= runs; run += 1) {
    const random = generator(run)
    const judge = createJudge(settings)
    for (let i = 0; i < batches; i += 1)
      judge.observe(makeBatch(random, { at: i * 1000, ...make(random, i) }))
    if (judge.judge().verdict === 'harmful') count += 1
  }
  return count / runs
}

const tally = (share: number, baseline: [number, number], canary: [number, number]): Tally => ({
  share,
  requests: { baseline: baseline[1], canary: canary[1] },
  errors: { baseline: baseline[0], canary: canary[0] },
})

describe('the laws of the evidence', () => {
  test('under the null its expectation is exactly one at the limit, and less below', () => {
    const choose = (n: number, k: number): number =>
      Math.exp(lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1))
    for (const share of [0.01, 0.2, 0.5, 0.9])
      for (const ratio of [0.2, 1, 1.5])
        for (const limit of [1.5, 3]) {
          const n = 12
          const p = theta(ratio, share)
          let rise = 0
          for (let k = 0; k <= n; k += 1)
            rise +=
              choose(n, k) *
              p ** k *
              (1 - p) ** (n - k) *
              Math.exp(riseEvidence([tally(share, [n - k, n], [k, n])], limit))
          if (ratio === limit) expect(rise).toBeCloseTo(1, 6)
          else expect(rise).toBeLessThan(1)
        }
  })

  test('the evidence against harm has an expectation of at most one under harm', () => {
    const random = generator(5)
    const harm = { ratio: 1.5, difference: 0.02, latency: 1.5 }
    let sum = 0
    const runs = 20_000
    for (let run = 0; run < runs; run += 1) {
      const { baseline, canary } = makeBatch(random, {
        share: 0.3,
        requests: 40,
        rate: { baseline: 0.04, canary: 0.06 },
      })
      sum += Math.exp(
        exclusionEvidence(
          [tally(0.3, [baseline.errors, baseline.requests], [canary.errors, canary.requests])],
          harm,
        ),
      )
    }
    expect(sum / runs).toBeLessThan(1.02)
  })

  test('any batches give finite numbers and a reproducible judgement', () => {
    const arm = fc
      .record({
        requests: fc.nat(1000),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
        bucket: fc.nat(latencyBuckets - 1),
      })
      .map(({ requests, part, bucket }): ArmCounts => ({
        requests,
        errors: Math.floor(requests * part),
        outcomes: {},
        bytes: 0,
        latency: requests === 0 ? [] : [[bucket, requests]],
      }))
    const one = fc.record({
      at: fc.nat(),
      share: fc.constantFrom(0, 0.01, 0.5, 0.99, 1),
      baseline: arm,
      canary: arm,
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.boolean(), (batches, isOver) => {
        const answers = [1, 2].map(() => {
          const judge = createJudge(settings)
          for (const batch of batches) judge.observe(batch)
          return JSON.stringify(judge.judge({ isOver }), (_key, value: unknown) => {
            if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true)
            return value
          })
        })
        expect(answers[0]).toBe(answers[1])
      }),
      { numRuns: 200 },
    )
  })

  test('requests without a random choice are no evidence', () => {
    const judge = createJudge(settings)
    for (const share of [0, 1])
      judge.observe(
        makeBatch(generator(1), { share, requests: 5000, rate: { baseline: 0, canary: 1 } }),
      )
    const { verdict, evidence, needed } = judge.judge()
    expect({ verdict, needed }).toEqual({ verdict: 'undecided', needed: null })
    // The part of the last look is not spent, and counts as nothing.
    expect(evidence).toBeLessThanOrEqual(0)
  })

  test('the unit of latencies does not matter', () => {
    const verdict = (factor: number) => {
      const random = generator(3)
      const judge = createJudge(settings)
      for (let i = 0; i < 60; i += 1) {
        const latency = (arm: string): number =>
          20 * Math.exp(0.5 * normal(random)) * (arm === 'canary' ? 1.2 : 1) * factor
        judge.observe(
          makeBatch(random, {
            at: i * 1000,
            share: 0.5,
            requests: 20,
            rate: { baseline: 0, canary: 0 },
            latency,
          }),
        )
      }
      return judge.judge().latency
    }
    const one = verdict(1)
    for (const power of [100, -150]) {
      const other = verdict(1.02 ** power)
      expect(other.evidence).toBeCloseTo(one.evidence, 9)
      expect(other.quantiles.map(({ ratio }) => ratio.high?.toFixed(6))).toEqual(
        one.quantiles.map(({ ratio }) => ratio.high?.toFixed(6)),
      )
    }
  })
})

describe('false alarms, looking after every batch, at a level of 1 %', () => {
  const even = { baseline: 0.05, canary: 0.05 }
  const slow = (random: () => number) => () => 20 * Math.exp(0.5 * normal(random))
  const runs = isLong ? 400 : 100
  // 3.5 standard errors above 1 %; the bench has more runs.
  const atMost = 0.01 + 3.5 * Math.sqrt((0.01 * 0.99) / runs)
  const ramp = (i: number): number =>
    [0.01, 0.05, 0.25, 0.5][Math.min(3, Math.floor(i / 25))] ?? 0.5

  test.each<[string, (random: () => number, i: number) => Made]>([
    [
      'a share that rises',
      (random, i) => ({ share: ramp(i), requests: 20, rate: even, latency: slow(random) }),
    ],
    [
      'half of the requests failing',
      (random) => ({
        share: 0.5,
        requests: 20,
        rate: { baseline: 0.5, canary: 0.5 },
        latency: slow(random),
      }),
    ],
    [
      'bursts of load and of errors, while the share rises',
      (random, i) => {
        const isBurst = i % 10 < 2
        const rate = isBurst ? 0.6 : 0.01
        const latency = (): number => (isBurst ? 10 : 1) * slow(random)()
        return {
          share: ramp(i),
          requests: isBurst ? 60 : 8,
          rate: { baseline: rate, canary: rate },
          latency,
        }
      },
    ],
  ])('%s', (_name, make) => {
    expect(alarms(runs, 100, make)).toBeLessThanOrEqual(atMost)
  })
})

describe('harm', () => {
  const detected = (
    make: Omit<Made, 'requests' | 'latency'>,
    latency?: (random: () => number, arm: string) => number,
  ) =>
    alarms(isLong ? 60 : 20, 100, (random) => ({
      ...make,
      requests: 20,
      ...(latency ? { latency: (arm) => latency(random, arm) } : {}),
    }))
  const none = { baseline: 0, canary: 0 }
  const base = (random: () => number): number => 20 * Math.exp(0.5 * normal(random))

  test('is detected: new errors, doubled errors, a 25 % slowdown, a slow tail', () => {
    expect(detected({ share: 0.1, rate: { baseline: 0, canary: 0.05 } })).toBeGreaterThan(0.85)
    expect(detected({ share: 0.5, rate: { baseline: 0.05, canary: 0.12 } })).toBeGreaterThan(0.9)
    expect(
      detected(
        { share: 0.5, rate: none },
        (random, arm) => base(random) * (arm === 'canary' ? 1.25 : 1),
      ),
    ).toBe(1)
    expect(
      detected(
        { share: 0.5, rate: none },
        (random, arm) => base(random) * (arm === 'canary' && random() < 0.05 ? 20 : 1),
      ),
    ).toBeGreaterThan(0.9)
  })

  test('stays detected, with the metric that raised the alarm', () => {
    const random = generator(2)
    const judge = createJudge(settings)
    for (let i = 0; i < 40; i += 1)
      judge.observe(
        makeBatch(random, {
          at: i * 1000,
          share: 0.5,
          requests: 20,
          rate: { baseline: 0.1, canary: 0.6 },
        }),
      )
    for (let i = 0; i < 400; i += 1)
      judge.observe(
        makeBatch(random, {
          at: i * 1000,
          share: 0.5,
          requests: 20,
          rate: { baseline: 0.2, canary: 0 },
        }),
      )
    const { verdict, metric, reason } = judge.judge()
    expect({ verdict, metric }).toEqual({ verdict: 'harmful', metric: 'errors' })
    expect(reason).toMatch(
      /^The canary fails .* times as often as the previous release: \d+ of \d+ requests on the /,
    )
  })

  test('names the tenant that has the failures, although too few requests to be judged', () => {
    const judge = createJudge(settings)
    const arm = (errors: number): ArmCounts => ({
      ...{ requests: 60, errors, outcomes: {}, bytes: 0, latency: [] },
      tenants: { globex: [50, 0], acme: [10, errors] },
    })
    for (let i = 0; i < 20; i += 1)
      judge.observe({ at: i * 1000, share: 0.5, baseline: arm(0), canary: arm(8) })
    const { metric, reason } = judge.judge()
    expect(metric).toBe('errors')
    expect(reason).toMatch(
      /Most of the additional failures are those of `tenant acme`: (\d+) of \d+, compared with 0 of/,
    )
  })

  // Published cases that Kayenta 1.0 calls a pass: spinnaker/spinnaker#6278, spinnaker/kayenta#426
  // and #780.
  test('is detected where a rank test on ten points fails', () => {
    const judge = createJudge(settings)
    const points = {
      canary: [100, 100, 100, 100, 100, 100, 100, 1, 1, 1],
      baseline: Array.from({ length: 10 }, () => 1),
    }
    // A hundred requests behind each point: a value of a metric stands for requests.
    const latency = (values: number[]): [number, number][] => {
      const counts = new Map<number, number>()
      for (const value of values)
        counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 10)
      return [...counts].toSorted(([a], [b]) => a - b)
    }
    for (let i = 0; i < 2; i += 1) {
      const arm = (values: number[]): ArmCounts => ({
        requests: 100,
        errors: 0,
        outcomes: {},
        bytes: 0,
        latency: latency(values),
      })
      judge.observe({
        at: i,
        share: 0.5,
        baseline: arm(points.baseline),
        canary: arm(points.canary),
      })
    }
    expect(judge.judge()).toMatchObject({ verdict: 'harmful', metric: 'latency' })
    // 4 errors where the other has none (kayenta#426) are not yet enough at 1 %, and that is said
    // instead of a pass.
    const few = createJudge(settings)
    few.observe({
      at: 0,
      share: 0.5,
      baseline: { requests: 100, errors: 0, outcomes: {}, bytes: 0, latency: [] },
      canary: { requests: 100, errors: 4, outcomes: {}, bytes: 0, latency: [] },
    })
    expect(few.judge({ isOver: true }).verdict).toBe('undecided')
  })
})

describe('harmless effects', () => {
  const judged = (
    more: Partial<typeof settings>,
    latency: (arm: 'baseline' | 'canary', i: number) => number,
  ) => {
    const random = generator(4)
    const judge = createJudge({
      ...settings,
      harm: { ratio: 1.5, difference: 0.01, latency: 1.5 },
      ...more,
    })
    for (let i = 0; i < 400; i += 1)
      judge.observe(
        makeBatch(random, {
          at: i * 1000,
          share: 0.3,
          requests: 30,
          rate: { baseline: 0.001, canary: 0.001 },
          latency: (arm) => latency(arm, i) * Math.exp(0.3 * normal(random)),
        }),
      )
    return judge.judge()
  }

  test('include the cold start of new processes', () => {
    const cold = (arm: 'baseline' | 'canary', i: number): number =>
      arm === 'canary' && i < 20 ? 3 : 1
    expect(judged({ warm: 0 }, cold)).toMatchObject({ verdict: 'harmful', metric: 'latency' })
    expect(judged({ warm: 60_000 }, cold)).toMatchObject({ verdict: 'healthy' })
  })

  test('include a fraction of a millisecond', () => {
    const longer = (arm: 'baseline' | 'canary'): number => (arm === 'canary' ? 0.7 : 0.4)
    expect(judged({}, longer)).toMatchObject({ verdict: 'harmful', metric: 'latency' })
    expect(judged({ tolerance: { errors: 0, latency: 0, slack: 1 } }, longer)).toMatchObject({
      verdict: 'healthy',
    })
    const longest = (arm: 'baseline' | 'canary'): number => (arm === 'canary' ? 3 : 0.4)
    expect(judged({ tolerance: { errors: 0, latency: 0, slack: 1 } }, longest).verdict).toBe(
      'harmful',
    )
  })
})

describe('a healthy verdict', () => {
  test('needs excluded harm, or enough power at the end; otherwise states what is missing', () => {
    const random = generator(8)
    const judge = createJudge(settings)
    const observe = (batches: number, rate: number): void => {
      for (let i = 0; i < batches; i += 1)
        judge.observe(
          makeBatch(random, {
            at: i * 1000,
            share: 0.5,
            requests: 100,
            rate: { baseline: rate, canary: rate },
          }),
        )
    }
    observe(5, 0.02)
    const early = judge.judge({ isOver: true })
    expect(early).toMatchObject({ verdict: 'undecided', basis: null })
    expect(early.needed).toBeGreaterThan(1000)
    expect(early.reason).toMatch(
      /^Not enough data: about [\d,]+ more requests are needed; so far, an error rate .* noticed /,
    )
    observe(208, 0.02)
    expect(judge.judge()).toMatchObject({ verdict: 'undecided' })
    expect(judge.judge({ isOver: true })).toMatchObject({ verdict: 'healthy', basis: 'power' })
    observe(400, 0.02)
    expect(judge.judge()).toMatchObject({ verdict: 'healthy', basis: 'excluded' })
  })
})

describe('intervals', () => {
  test('the ratio lies in its confidence sequence at every look, in 95 of 100 runs', () => {
    let missed = 0
    for (let run = 1; run <= 100; run += 1) {
      const random = generator(run)
      const seen = tally(0.3, [0, 0], [0, 0])
      let isMissed = false
      for (let i = 0; i < 20; i += 1) {
        const { baseline, canary } = makeBatch(random, {
          share: 0.3,
          requests: 100,
          rate: { baseline: 0.05, canary: 0.1 },
        })
        seen.errors.baseline += baseline.errors
        seen.errors.canary += canary.errors
        const { low, high } = ratioInterval([seen], 0.05)
        isMissed ||= (low ?? 0) > 2 || (high ?? Infinity) < 2
      }
      if (isMissed) missed += 1
    }
    expect(missed).toBeLessThanOrEqual(5)
  })

  test('swapping the releases mirrors the interval', () => {
    const [a, b] = [tally(0.5, [3, 100], [9, 100]), tally(0.5, [9, 100], [3, 100])]
    expect(riseEvidence([a], 1)).toBeCloseTo(fallEvidence([b], 1), 9)
  })

  test('a rate lies between its bounds, which are 0 and 1 without data', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (requests, part) => {
          const errors = Math.floor(requests * part)
          const { low, high } = rateBounds({ requests, errors }, 0.05)
          expect(low).toBeLessThanOrEqual(errors / requests)
          expect(high).toBeGreaterThanOrEqual(errors / requests)
        },
      ),
    )
  })

  test('the special functions are accurate', () => {
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9)
    expect(lnGamma(11)).toBeCloseTo(Math.log(3_628_800), 9)
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5)
    expect(normalQuantile(1e-6)).toBeCloseTo(-4.753424, 4)
  })
})
