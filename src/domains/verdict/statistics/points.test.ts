import { describe, expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import { PointsEvidence } from './points.ts'

const rate = (requests: number, errors: number) => ({ requests, errors })

/** Requests one by one, each assigned at random; failing with the rate of its release. */
function run(
  evidence: PointsEvidence,
  random: () => number,
  how: { requests: number; share: number; baseline: number; canary: number },
): void {
  for (let i = 0; i < how.requests; i += 1) {
    const isCanary = random() < how.share
    const errors = random() < (isCanary ? how.canary : how.baseline) ? 1 : 0
    const none = rate(0, 0)
    evidence.add(how.share, isCanary ? none : rate(1, errors), isCanary ? rate(1, errors) : none)
  }
}

describe('evidence of a rise in points', () => {
  test.each([
    ['equal rates', 0, 0, 0.5, 0.5],
    ['the tolerated rise', 0.1, 0, 0.5, 0.55],
    ['the rise that is no harm', 0, 0.2, 0.3, 0.5],
  ])('has a mean of at most one for %s', (_name, tolerance, points, baseline, canary) => {
    let sum = 0
    const runs = 3000
    for (let seed = 1; seed <= runs; seed += 1) {
      const evidence = new PointsEvidence(tolerance, points)
      run(evidence, generator(seed), { requests: 60, share: 0.3, baseline, canary })
      sum += Math.exp(evidence.ln())
    }
    expect(sum / runs).toBeLessThan(1.05)
  })

  test('finds a rise from 80 to 100 %, where no ratio can rise much', () => {
    const evidence = new PointsEvidence(0, 0)
    run(evidence, generator(1), { requests: 600, share: 0.5, baseline: 0.8, canary: 1 })
    expect(evidence.ln()).toBeGreaterThan(Math.log(100))
  })

  test('is one without a choice, whatever happens', () => {
    const evidence = new PointsEvidence(0, 0)
    for (const share of [0, 1]) evidence.add(share, rate(100, 0), rate(100, 100))
    expect(evidence.ln()).toBeCloseTo(0, 10)
  })
})
