import { describe, expect, test } from 'vitest'
import { generator, normal } from '../../../test/support/generator.ts'
import { Latencies } from '../../../test/support/simulated-latency.ts'
import { Stream } from '../../../test/support/simulated-stream.ts'
import { LoadOver } from './load-over.ts'
import { MeanOver } from './mean-over.ts'
import { MeanScan } from './mean-scan.ts'
import { Profile } from './profile.ts'
import { RateScan } from './scan.ts'

const hour = 3600
const day = 24 * hour

describe('latency', () => {
  const scan = new MeanScan()
  const stream = new Latencies({ seed: 5, load: 20, wander: 0.1 })

  test('raises no alarm in two days of noise', () => {
    let alarms = 0
    for (let i = 0; i < 2 * day; i += 1) if (scan.add(...stream.next())) alarms += 1
    expect(alarms).toBe(0)
  })

  test('finds that it doubled within a minute, and the end of it', () => {
    const before = scan.mean!
    let alarm = null as ReturnType<MeanScan['add']>
    let seconds = 0
    while (!alarm && seconds < 600) {
      seconds += 1
      alarm = scan.add(...stream.next(2))
    }
    expect(seconds).toBeLessThan(60)
    scan.quarantine(seconds)
    const over = new MeanOver(before, alarm!.mean, scan.variance)
    const after = (factor: number, most: number): number | null => {
      for (let i = 1; i <= most; i += 1) {
        const [values, sum, squares] = stream.next(factor)
        scan.add(values, sum, squares)
        if (over.add(values, sum)) return i
      }
      return null
    }
    expect(after(2, 20 * 60)).toBeNull()
    expect(after(1, 300)).not.toBeNull()
    expect(scan.mean).toBeCloseTo(before, 1)
  })
})

describe('traffic', () => {
  const profile = new Profile()
  const scan = new RateScan({ side: 'fall' })
  const stream = new Stream({ seed: 3, load: 30, rate: 0 })
  const random = generator(8)
  let time = 0
  let noise = 0
  const step = (share = 1) => {
    const keep = Math.exp(-1 / 300)
    noise = keep * noise + 0.2 * Math.sqrt(1 - keep * keep) * normal(random)
    const trials = Math.round(stream.next().trials * Math.exp(noise) * share)
    const expected = profile.at(time)
    const found = expected === null ? null : scan.add(expected, trials)
    if (!scan.isQuarantined) profile.add(time, trials)
    time += 1
    return { found, expected, trials }
  }

  test('raises no alarm over a daily curve with 20 % noise, and is quiet until it is known', () => {
    let alarms = 0
    for (let i = 0; i < 5 * day; i += 1) if (step().found) alarms += 1
    expect(alarms).toBe(0)
    expect(profile.at(time)).not.toBeNull()
  })

  test('finds that it stops within seconds, and that it is back', () => {
    let seconds = 0
    while (!step(0).found && seconds < 300) seconds += 1
    expect(seconds).toBeLessThan(30)
    scan.quarantine(seconds)
    const over = new LoadOver(0)
    const isOver = (share: number): boolean => {
      const { expected, trials } = step(share)
      return over.add(expected ?? 0, trials)
    }
    for (let i = 0; i < 600; i += 1) expect(isOver(0.1)).toBe(false)
    let back = 1
    while (!isOver(1) && back < 300) back += 1
    expect(back).toBeLessThan(60)
  })
})

test('a scan that was saved and restored goes on as before', () => {
  const streams = [1, 2].map(() => new Stream({ seed: 6, load: 40, rate: 0.001 }))
  const scan = new RateScan()
  for (let i = 0; i < 13 * hour; i += 1) {
    const { trials, events } = streams[0]!.next()
    streams[1]!.next()
    scan.add(trials, events)
  }
  const restored = new RateScan({ state: structuredClone(scan.save()) })
  const alarmOf = (one: RateScan, stream: Stream): number => {
    for (let i = 1; i < hour; i += 1) {
      const { trials, events } = stream.next({ rate: 0.01 })
      if (one.add(trials, events)) return i
    }
    return Infinity
  }
  const first = alarmOf(scan, streams[0]!)
  expect(first).toBeLessThan(hour)
  expect(alarmOf(restored, streams[1]!)).toBe(first)
  const means = new MeanScan()
  for (let i = 0; i < 100; i += 1) means.add(10, 20 + (i % 3), 50)
  expect(new MeanScan(structuredClone(means.save())).mean).toBe(means.mean)
})

test('streams that share a budget need more evidence', () => {
  const seconds = (streams: number): number => {
    const scan = new RateScan()
    scan.streams = streams
    const stream = new Stream({ seed: 2, load: 20, rate: 0.001 })
    for (let i = 0; i < 2 * hour; i += 1) {
      const { trials, events } = stream.next()
      scan.add(trials, events)
    }
    for (let i = 1; i < hour; i += 1) {
      const { trials, events } = stream.next({ rate: 0.02 })
      if (scan.add(trials, events)) return i
    }
    return Infinity
  }
  expect(seconds(1e6)).toBeGreaterThan(seconds(1))
})
