import { expect, test } from 'vitest'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import {
  evidenceWords,
  latencySentence,
  momentsOf,
  newErrorsOf,
  ratioColumns,
  ratioSentence,
  shareChanges,
  verdictBadge,
} from './words.ts'

const entry = (at: string, share: number) => ({
  at,
  share,
  requests: { baseline: 1, canary: 1 },
  errors: { baseline: 0, canary: 0 },
  evidence: 0,
  ratio: { estimate: null, low: null, high: null },
})

test('measures moments from the start, and finds where the share changed', () => {
  const moments = momentsOf({
    started: '2026-11-28T10:00:00Z',
    history: [
      entry('2026-11-28T09:59:59Z', 0.05),
      entry('2026-11-28T10:00:10Z', 0.05),
      entry('2026-11-28T10:00:20Z', 0.25),
      entry('2026-11-28T10:00:30Z', 0.25),
    ],
  })
  expect(moments.map(({ elapsed }) => elapsed)).toEqual([0, 10_000, 20_000, 30_000])
  expect(shareChanges(moments).map(({ elapsed, share }) => [elapsed, share])).toEqual([
    [0, 0.05],
    [20_000, 0.25],
  ])
})

test('the columns of a ratio fill missing bounds to the edge, and keep a missing estimate', () => {
  const ratios = [
    { estimate: null, low: null, high: null },
    { estimate: 2, low: 1.5, high: null },
    { estimate: 50, low: 0.01, high: 90 },
  ].map((ratio) => ({ ratio }))
  expect(ratioColumns(ratios, [0.5, 10])).toEqual([
    [0.5, 1.5, 0.5],
    [10, 10, 10],
    [null, 2, 10],
  ])
})

const interval = { estimate: null, low: null, high: null }
const rate = (requests: number, errors: number) => ({ requests, errors })
const viewOf = (
  verdict: 'healthy' | 'harmful' | 'undecided',
  baseline: { requests: number; errors: number },
  canary: { requests: number; errors: number },
  ratio: { estimate: number | null; low: number | null; high: number | null } = interval,
): VerdictView =>
  ({
    decided: null,
    settings: { tolerance: { errors: 0.1, latency: 0.1 } },
    judgement: {
      verdict,
      errors: { baseline, canary, ratio },
      latency: { quantiles: [{ quantile: 0.5, baseline: 5, canary: null, ratio: interval }] },
    },
  }) as unknown as VerdictView

test('evidence is put into words, and missing data is no good sign', () => {
  const words = (evidence: number, isHarm = true, hasData = true) =>
    evidenceWords({ evidence, threshold: 2, isHarm, hasData })
  expect(words(-0.22)).toBe('no sign of harm (score −0.22, alarm at 2)')
  expect(words(1.2)).toBe('no proof of harm (score 1.20, alarm at 2)')
  expect(words(2.39)).toBe('alarm (score 2.39, alarm at 2)')
  expect(words(2.07, false)).toBe('score 2.07, 2 needed')
  expect(words(0, true, false)).toBe('no data yet')
})

test('the comparison of error rates agrees with the verdict', () => {
  expect(ratioSentence(viewOf('healthy', rate(8078, 0), rate(7895, 0)))).toBe(
    'No request has failed on either release.',
  )
  expect(
    ratioSentence(
      viewOf('harmful', rate(60, 0), rate(46, 11), { estimate: null, low: 1.94, high: null }),
    ),
  ).toBe('The canary fails at least 1.94× as often as the baseline. This exceeds the tolerance.')
  const wide = { estimate: 1, low: 0.5, high: 1.4 }
  expect(ratioSentence(viewOf('healthy', rate(900, 9), rate(900, 9), wide))).toBe(
    'The canary fails 1× as often as the baseline (confidence interval 0.5× to 1.4×).',
  )
  expect(ratioSentence(viewOf('undecided', rate(90, 1), rate(90, 1), wide))).toContain(
    'Too few requests have failed to judge this.',
  )
  expect(ratioSentence(viewOf('undecided', rate(0, 0), rate(0, 0)))).toBe(
    'No requests have arrived yet.',
  )
})

test('a latency that is known for one release only is not compared', () => {
  expect(latencySentence(viewOf('harmful', rate(60, 0), rate(4, 4)))).toBe(
    'There are too few requests to compare quantiles.',
  )
})

test('what speaks against a promotion is no lack of data, and a new error has its number', () => {
  const running = { state: 'running' as const }
  const undecided = { verdict: 'undecided' as const, doubt: null }
  expect(verdictBadge(running, undecided).word).toBe('Not enough data yet')
  expect(verdictBadge(running, { ...undecided, doubt: 'It throws.' }).word).toBe('In doubt')
  const outcome = {
    ...{ evidence: 0, state: 'even' as const },
    ...{ baseline: { requests: 9, count: 1 }, canary: { requests: 9, count: 4 } },
  }
  const outcomes = [
    { ...outcome, name: '4xx' },
    { ...outcome, name: 'error/3', title: 'RangeError' },
    { ...outcome, name: 'error/7', title: 'TypeError: x', state: 'shifted' as const },
  ]
  expect(newErrorsOf({ outcomes })).toEqual([
    { id: 7, title: 'TypeError: x', isHeld: true, baseline: 1, canary: 4 },
    { id: 3, title: 'RangeError', isHeld: false, baseline: 1, canary: 4 },
  ])
})
