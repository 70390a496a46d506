import { describe, expect, test } from 'vitest'
import { latencyBounds, noLatency } from '#contract/host/measurements.ts'
import type { Look } from '#contract/verdict/verdict.ts'
import { armOf, batchesOf, type Served } from './served.ts'
import { quantileOf } from './slowness.ts'
import { settings } from './statistics/simulate.ts'
import { createWatch, type WatchJudge } from './watch.ts'

/** A second with requests that take as many milliseconds as given. */
function second(at: number, { good = 0, bad = 0, ms = [20] }): Served {
  const latency = noLatency()
  for (let i = 0; i < good; i += 1) {
    const value = ms[i % ms.length] ?? 20
    const index = latencyBounds.findIndex((bound) => value <= bound)
    latency.requests += 1
    latency.buckets[index] = (latency.buckets[index] ?? 0) + 1
  }
  return { at, outcomes: { '2xx': good, '5xx': bad, left: 1 }, bytes: 10, latency }
}

const lookOf = (seconds: Served[]): Look => ({ batches: batchesOf(seconds), sample: null })
const before = armOf(Array.from({ length: 900 }, (_, i) => second(i * 1000, { good: 10 })))
const watched = { settings, canary: [], before, record: null }

describe('what was served', () => {
  test('is counted as requests and errors, without those that the client left', () => {
    const arm = armOf([second(1000, { good: 3, bad: 1 }), second(2000, { good: 1 })])
    expect(arm).toMatchObject({ requests: 5, errors: 1, bytes: 20, outcomes: { '2xx': 4 } })
    expect(quantileOf(arm.latency, 0.5)).toBeGreaterThan(14)
    expect(quantileOf(arm.latency, 0.5)).toBeLessThan(28)
  })

  test('is one batch for each second, of all services', () => {
    const batches = batchesOf([second(2000, { good: 1 }), second(1000, {}), second(2000, {})])
    expect(batches.map(({ at, share, canary }) => [at, share, canary.requests])).toEqual([
      [1000, 1, 0],
      [2000, 1, 1],
    ])
  })
})

describe('a watched release', () => {
  test('that serves as before stays, and the sentence names the counts', () => {
    const judge = createWatch(watched)
    for (let i = 0; i < 300; i += 1) judge.see(lookOf([second(i * 1000, { good: 10 })]))
    expect(judge.judge()).toEqual({
      isHarmful: false,
      reason: '0 of 3,000 requests failed, compared with 0 of 9,000 of the release before',
      before: { requests: 9000, errors: 0 },
      proven: null,
      after: { requests: 3000, errors: 0 },
    })
  })

  test('is harmful when it fails more often than the one before', () => {
    const judge = createWatch(watched)
    for (let i = 0; i < 100; i += 1) judge.see(lookOf([second(i * 1000, { good: 10 })]))
    expect(judge.judge().isHarmful).toBe(false)
    for (let i = 100; i < 130; i += 1) judge.see(lookOf([second(i * 1000, { good: 7, bad: 3 })]))
    expect(judge.judge()).toMatchObject({
      isHarmful: true,
      reason:
        '90 of 1,300 requests failed since it has all of the traffic, ' +
        'compared with 0 of 9,000 of the release before',
    })
  })

  test.each([
    ['its median doubled', [50], 'p50'],
    ['one request in six became slow', [20, 20, 20, 20, 20, 400], 'p95'],
  ])('is harmful when %s, once it is warm', (_name, slow, quantile) => {
    const judge = createWatch(watched)
    let at: number | null = null
    for (let i = 0; i < 300 && at === null; i += 1) {
      judge.see(lookOf([second(i * 1000, { good: 60, ms: slow })]))
      if (judge.judge().isHarmful) at = i
    }
    expect(at).toBeGreaterThan(100)
    expect(at).toBeLessThan(220)
    expect(judge.judge().reason).toContain(`it is slower than the release before: its ${quantile}`)
  })

  test('is not slow because of a cold start or a short stall', () => {
    const judge = createWatch(watched)
    for (let i = 0; i < 300; i += 1) {
      const isSlow = i < 55 || (i >= 120 && i < 150)
      judge.see(lookOf([second(i * 1000, { good: 10, ms: [isSlow ? 900 : 20] })]))
    }
    expect(judge.judge().isHarmful).toBe(false)
  })

  const outcomesOf = (at: number, outcomes: Record<string, number>): Look =>
    lookOf([{ ...second(at, {}), outcomes }])

  const former = { ...before, outcomes: { '2xx': 9000, left: 20 } }
  test.each([
    ['3 % of its requests hang', { '2xx': 97, left: 3 }, 'requests did not finish'],
    ['half of its responses are 404', { '2xx': 10, '4xx': 10 }, 'responses have status 4xx'],
  ])('is harmful when %s', (_name, outcomes, reason) => {
    const judge = createWatch({ ...watched, before: former })
    for (let i = 0; i < 200; i += 1) judge.see(outcomesOf(i * 1000, outcomes))
    expect(judge.judge()).toMatchObject({
      isHarmful: true,
      reason: expect.stringContaining(reason) as string,
    })
  })

  test.each([
    ['a few more clients leave', { '2xx': 994, left: 6 }],
    ['a tenth of its responses are 404', { '2xx': 90, '4xx': 10 }],
  ])('stays when %s', (_name, outcomes) => {
    const judge = createWatch({ ...watched, before: former })
    for (let i = 0; i < 300; i += 1) judge.see(outcomesOf(i * 1000, outcomes))
    expect(judge.judge().isHarmful).toBe(false)
  })

  test('without a release before is not judged by its requests', () => {
    const judge = createWatch({ ...watched, before: null })
    for (let i = 0; i < 300; i += 1)
      judge.see(lookOf([second(i * 1000, { good: 5, bad: 5, ms: [900] })]))
    expect(judge.judge()).toMatchObject({
      isHarmful: false,
      reason: expect.stringContaining('there are none of a release before') as string,
    })
  })

  test('is compared with the last proven release when each one before was a little worse', () => {
    const failing = (errors: number) => ({ ...before, requests: 9000, errors })
    const record = { release: 4, counts: failing(90), at: 0 }
    const unproven = failing(220)
    const see = (judge: WatchJudge): WatchJudge => {
      for (let i = 0; i < 900; i += 1)
        judge.see(lookOf([second(i * 1000, i % 3 === 0 ? { good: 9, bad: 1 } : { good: 10 })]))
      return judge
    }
    const alone = see(createWatch({ ...watched, before: unproven }))
    expect(alone.judge()).toMatchObject({ isHarmful: false, proven: null })
    const both = see(createWatch({ ...watched, before: unproven, record }))
    expect(both.judge()).toMatchObject({
      isHarmful: true,
      reason:
        '300 of 9,000 requests failed since it has all of the traffic, ' +
        'compared with 90 of 9,000 of release 4, the last proven one',
      before: { requests: 9000, errors: 220 },
      proven: { release: 4, requests: 9000, errors: 90 },
    })
  })

  test('is compared with the last proven release when the one before served nothing', () => {
    const record = { release: 4, counts: before, at: 0 }
    const judge = createWatch({ ...watched, before: null, record })
    for (let i = 0; i < 60; i += 1) judge.see(lookOf([second(i * 1000, { good: 7, bad: 3 })]))
    expect(judge.judge()).toMatchObject({
      isHarmful: true,
      reason: expect.stringContaining('of release 4, the last proven one') as string,
      before: { requests: 0, errors: 0 },
    })
  })

  test('that serves as the proven one did stays, whatever the one before did', () => {
    const record = { release: 4, counts: before, at: 0 }
    const judge = createWatch({ ...watched, before: { ...before, errors: 900 }, record })
    for (let i = 0; i < 300; i += 1) judge.see(lookOf([second(i * 1000, { good: 10 })]))
    expect(judge.judge().isHarmful).toBe(false)
  })
})
