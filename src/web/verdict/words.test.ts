import { expect, test } from 'vitest'
import { momentsOf, ratioColumns, shareChanges } from './words.ts'

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
