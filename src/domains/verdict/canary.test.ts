import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import {
  type CanarySituation,
  decideCanary,
  objectionTo,
  rateOf,
  settingsOf,
  shareAt,
} from './canary.ts'

const plan = { steps: [5, 20, 50], least: 60_000, most: 600_000, undecided: 'promote' as const }
const nothing = { estimate: null, low: null, high: null }

const side = { count: 1, bad: 0, value: 0 }
const worker = {
  ...{ name: 'jobs', kind: 'rate' as const, of: 'events' as const, advisory: false },
  ...{ evidence: 0, baseline: side, canary: side, quantile: null, ratio: nothing },
}

function situation(
  over: Partial<CanarySituation> = {},
  verdict: 'healthy' | 'harmful' | 'undecided' = 'undecided',
  requests = 100,
): CanarySituation {
  const arm = { requests, errors: 0 }
  return {
    elapsed: 70_000,
    observed: 70_000,
    perSecond: 100,
    contested: 70_000,
    plan,
    judgement: {
      verdict,
      metric: null,
      basis: null,
      reason: `It is ${verdict}.`,
      doubt: null,
      outcomes: [],
      alpha: 0.01,
      threshold: 2,
      evidence: 0,
      errors: {
        baseline: arm,
        canary: arm,
        evidence: 0,
        ratio: nothing,
        difference: nothing,
        excluded: 0,
        excludedAt: 2,
      },
      instances: [],
      metrics: [],
      latency: { evidence: 0, quantiles: [] },
      needed: null,
      smallest: null,
    },
    sick: null,
    hasNewerDeployment: false,
    promotedBy: null,
    isVerified: false,
    ...over,
  }
}

test('exceptions are judged in the last minute, or three quarters, of `least`', () => {
  const after = (file: object) => settingsOf(canaryFile.parse(file)).exceptionsAfter
  expect([after({}), after({ least: '45s' })]).toEqual([60_000, 11_250])
  expect(after({ least: '45s', warm: '5s' })).toBe(5000)
})

describe('shareAt', () => {
  test('divides the least time into equal steps, and stays at the last', () => {
    expect(
      [0, 19_999, 20_000, 40_000, 60_000, 1e9].map((elapsed) => shareAt(elapsed, plan)),
    ).toEqual([0.05, 0.05, 0.2, 0.5, 0.5, 0.5])
    expect(shareAt(0, { steps: [10, 30], least: 0 })).toBe(0.3)
  })

  test('leaves out steps in which thin traffic would show nothing', () => {
    const slow = { steps: [5, 20, 50], least: 120_000 }
    expect([2, 5, 20].map((perSecond) => shareAt(0, slow, perSecond))).toEqual([0.5, 0.2, 0.05])
    expect(shareAt(0, slow, 0)).toBe(0.5)
    expect(shareAt(0, slow, null)).toBe(0.05)
    const ramp = { steps: [], ramp: { from: 1, to: 50 }, least: 120_000 }
    expect(shareAt(0, ramp, 2)).toBeCloseTo(0.409, 3)
  })

  test('measures the traffic once enough time is observed', () => {
    const two = { least: 120_000 }
    expect(rateOf(10, 9_999, two)).toBe(null)
    expect(rateOf(20, 10_000, two)).toBe(2)
    expect(rateOf(0, 0, { least: 0 })).toBe(null)
  })

  test('never falls, and never exceeds the last step', () => {
    const steps = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1 })
      .map((found) => found.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(steps, fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), (some, least, a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)].map((elapsed) =>
          shareAt(elapsed, { steps: some, least }),
        )
        expect(early).toBeLessThanOrEqual(late ?? 0)
        expect(late).toBeLessThanOrEqual((some.at(-1) ?? 0) / 100)
      }),
    )
  })
})

describe('decideCanary', () => {
  test('harm takes precedence over everything else', () => {
    const worst = situation(
      {
        sick: 'it died',
        hasNewerDeployment: true,
        promotedBy: 'Ann',
        elapsed: 1e9,
        isVerified: true,
      },
      'harmful',
    )
    expect(decideCanary(worst)).toEqual({ do: 'take back', reason: 'It is harmful.' })
  })

  test('an unhealthy release is rolled back regardless of its requests', () => {
    expect(decideCanary(situation({ sick: 'it died' }, 'healthy'))).toEqual({
      do: 'take back',
      reason: 'it died',
    })
  })

  test('a healthy release is promoted, but not before the least time', () => {
    expect(decideCanary(situation({}, 'healthy'))).toEqual({
      do: 'promote',
      isProven: true,
      reason: 'It is healthy.',
    })
    expect(decideCanary(situation({ elapsed: 59_999 }, 'healthy'))).toEqual({
      do: 'go on',
      share: 0.5,
    })
  })

  test('too little data is promoted as not proven, unless configured otherwise', () => {
    const late = { elapsed: 600_000 }
    expect(decideCanary(situation())).toEqual({ do: 'go on', share: 0.5 })
    expect(decideCanary(situation(late))).toEqual({
      ...{ do: 'promote', isProven: false },
      reason: 'It is undecided. Nothing speaks against it',
    })
    expect(
      decideCanary(situation({ ...late, plan: { ...plan, undecided: 'hold' } })),
    ).toMatchObject({ do: 'wait', reason: 'It is undecided.' })
    expect(
      decideCanary(situation({ ...late, plan: { ...plan, undecided: 'rollback' } })),
    ).toMatchObject({
      do: 'take back',
    })
  })

  test('without requests the verification decides, and the reason says so', () => {
    const late = { elapsed: 600_000, isVerified: true }
    expect(decideCanary(situation(late, 'undecided', 0))).toEqual({
      do: 'promote',
      isProven: false,
      reason: 'no requests came in, so the verification command decided instead of traffic',
    })
    const reason = 'It is undecided. Nothing speaks against it'
    expect(decideCanary(situation(late, 'undecided', 1))).toMatchObject({ reason })
    expect(decideCanary(situation({ elapsed: 600_000 }, 'undecided', 0))).toMatchObject({ reason })
  })

  test('waits for a person when something speaks against the canary', () => {
    const { judgement } = situation()
    const metric = { ...worker, state: 'unknown' as const }
    const cases: [Partial<typeof judgement>, string | null][] = [
      [{}, null],
      [{ doubt: 'Most requests fail.', reason: 'Most requests fail.' }, 'Most requests fail.'],
      [{ metrics: [metric] }, '`jobs` has no readings.'],
      [{ metrics: [{ ...metric, advisory: true }] }, null],
      [{ metrics: [{ ...metric, state: 'harmful' }] }, '`jobs` is worse.'],
    ]
    for (const [change, objection] of cases) {
      const changed = { ...judgement, ...change }
      expect(objectionTo(changed)).toBe(objection)
      expect(decideCanary(situation({ elapsed: 600_000, judgement: changed }))).toMatchObject(
        objection === null
          ? { do: 'promote' }
          : { do: 'wait', reason: changed.doubt ?? `${objection} It is undecided.` },
      )
    }
  })

  test('raises the share only as far as outcomes are known', () => {
    expect(decideCanary(situation({ observed: 10_000 }))).toEqual({ do: 'go on', share: 0.05 })
  })

  test('is not superseded once changes have superseded each other for the longest time', () => {
    const newer = { hasNewerDeployment: true, contested: 599_999 }
    expect(decideCanary(situation(newer))).toMatchObject({ do: 'give up' })
    expect(decideCanary(situation({ ...newer, contested: 600_000 }))).toMatchObject({ do: 'go on' })
    const late = { ...newer, contested: 700_000, elapsed: 600_000 }
    expect(decideCanary(situation(late))).toMatchObject({ do: 'give up' })
  })

  test('ends for a newer deployment, and is promoted on request', () => {
    expect(decideCanary(situation({ hasNewerDeployment: true, promotedBy: 'Ann' }))).toMatchObject({
      do: 'give up',
    })
    expect(decideCanary(situation({ promotedBy: 'Ann' }))).toMatchObject({
      do: 'promote',
      reason: 'promoted by Ann before its analysis ended',
    })
  })
})
