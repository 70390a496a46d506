import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CanarySituation, decideCanary, shareAt } from './canary.ts'

const plan = { steps: [5, 20, 50], least: 60_000, most: 600_000, undecided: 'hold' as const }
const nothing = { estimate: null, low: null, high: null }

function situation(
  over: Partial<CanarySituation> = {},
  verdict: 'healthy' | 'harmful' | 'undecided' = 'undecided',
  requests = 100,
): CanarySituation {
  const arm = { requests, errors: 0 }
  return {
    elapsed: 70_000,
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

describe('shareAt', () => {
  test('divides the least time into equal steps, and stays at the last', () => {
    expect(
      [0, 19_999, 20_000, 40_000, 60_000, 1e9].map((elapsed) => shareAt(elapsed, plan)),
    ).toEqual([0.05, 0.05, 0.2, 0.5, 0.5, 0.5])
    expect(shareAt(0, { steps: [10, 30], least: 0 })).toBe(0.3)
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
      reason: 'It is healthy.',
    })
    expect(decideCanary(situation({ elapsed: 59_999 }, 'healthy'))).toEqual({
      do: 'go on',
      share: 0.5,
    })
  })

  test('too little data waits for a decision unless configured otherwise', () => {
    const late = { elapsed: 600_000 }
    expect(decideCanary(situation())).toEqual({ do: 'go on', share: 0.5 })
    expect(decideCanary(situation(late))).toMatchObject({ do: 'wait', reason: 'It is undecided.' })
    expect(
      decideCanary(situation({ ...late, plan: { ...plan, undecided: 'promote' } })),
    ).toMatchObject({
      do: 'promote',
    })
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
      reason: 'no requests came in, so the verification command decided instead of traffic',
    })
    expect(decideCanary(situation(late, 'undecided', 1))).toMatchObject({ do: 'wait' })
    expect(decideCanary(situation({ elapsed: 600_000 }, 'undecided', 0))).toMatchObject({
      do: 'wait',
    })
  })

  test('ends for a newer deployment, and is promoted on request', () => {
    expect(decideCanary(situation({ hasNewerDeployment: true, promotedBy: 'Ann' }))).toMatchObject({
      do: 'give up',
    })
    expect(decideCanary(situation({ promotedBy: 'Ann' }))).toMatchObject({
      do: 'promote',
      reason: 'promoted by Ann before its verdict',
    })
  })
})
