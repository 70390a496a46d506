import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong } from '../../../test/support/scale.ts'
import { generator, poisson } from '../../../test/support/generator.ts'
import { budgetLeft, burnOf } from './burn.ts'
import { excess, shortfall } from './excess.ts'
import { onsetOf } from './onset.ts'
import { Over } from './over.ts'
import { LastSeconds } from './last-seconds.ts'
import { Learning } from './learning.ts'
import { RateScan } from './scan.ts'
import { Stream, type StreamOptions } from '../../../test/support/simulated-stream.ts'
import { SlowRise } from './slow.ts'
import { Tail } from './tail.ts'
import { scales, Windows } from './windows.ts'

const hour = 3600
const month = 28 * 24 * hour

describe('the bound', () => {
  /** P(Poisson(mean) ≥ count), summed from the count on. */
  function upperTail(count: number, mean: number): number {
    let term = Math.exp(-mean)
    for (let i = 1; i <= count; i += 1) term *= mean / i
    let sum = 0
    for (let i = count; i < count + 400; i += 1) {
      sum += term
      term *= mean / (i + 1)
    }
    return sum
  }

  test('is never smaller than the probability of a Poisson count', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 150 }),
        (mean, count) => {
          expect(Math.exp(-excess(count, mean, Infinity))).toBeGreaterThanOrEqual(
            upperTail(count, mean) * (count > mean ? 1 : 0) - 1e-12,
          )
        },
      ),
    )
  })

  test('is weaker when the rate itself varies more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        fc.double({ min: 1.01, max: 50, noNaN: true }),
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        (mean, factor, precision) => {
          const count = Math.ceil(mean * factor)
          expect(excess(count, mean, precision)).toBeLessThanOrEqual(
            excess(count, mean, precision * 2) + 1e-9,
          )
          expect(excess(count, mean, precision)).toBeLessThanOrEqual(
            excess(count, mean, Infinity) + 1e-9,
          )
        },
      ),
    )
  })

  test('has no evidence on its own side', () => {
    expect(excess(3, 3, Infinity)).toBe(0)
    expect(shortfall(3, 3, Infinity)).toBe(0)
    expect(excess(4, 3, 0)).toBe(0)
    // exp(−D) of a Poisson count of zero is its probability.
    expect(shortfall(0, 7, Infinity)).toBeCloseTo(7)
  })
})

test('windows are the sums of their seconds', () => {
  const seconds = fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 1, maxLength: 900 })
  fc.assert(
    fc.property(seconds, fc.constantFrom(...scales.slice(0, 4)), (counts, scale) => {
      const windows = new Windows(scale)
      for (const [trials, events] of counts) windows.add(trials, events)
      const closed = counts.slice(0, counts.length - (counts.length % scale.bucket))
      const sumOf = (from: number, to: number, i: 0 | 1): number =>
        closed.slice(Math.max(0, from), Math.max(0, to)).reduce((sum, one) => sum + one[i], 0)
      const begin = closed.length - scale.seconds
      expect(windows.trials).toBe(sumOf(begin, closed.length, 0))
      expect(windows.events).toBe(sumOf(begin, closed.length, 1))
      expect(windows.trialsBefore).toBe(sumOf(begin - 10 * scale.seconds, begin, 0))
      expect(windows.eventsBefore).toBe(sumOf(begin - 10 * scale.seconds, begin, 1))
    }),
    { numRuns: 60 },
  )
})

test('the last seconds are summed without those with the most events', () => {
  const counts = fc.record({ trials: fc.nat(50), events: fc.nat(50) })
  fc.assert(
    fc.property(
      fc.array(counts),
      fc.nat(5),
      fc.integer({ min: 1, max: 20 }),
      (seconds, worst, length) => {
        const last = new LastSeconds()
        for (const one of seconds) last.add(one)
        const kept = seconds.slice(-15).slice(-length)
        const left = kept.map(({ events }) => events).toSorted((a, b) => b - a)
        const sum = last.sumWithout(worst, length)
        expect(sum.events).toBe(left.slice(worst).reduce((all, one) => all + one, 0))
        expect(sum.trials).toBeLessThanOrEqual(kept.reduce((all, { trials }) => all + trials, 0))
      },
    ),
  )
})

describe('learning', () => {
  test('a burst leaves its hour clean, and what was learnt before it', () => {
    const learning = new Learning()
    learning.stop(100, 90)
    expect([learning.learns, learning.notesEvidence]).toEqual([false, true])
    expect(learning.forgetsSince(109)).toBeNull()
    learning.resume()
    expect(learning.forgetsSince(200)).toBeNull()
    expect([learning.learns, learning.endHour()]).toEqual([true, true])
  })

  test('nothing is learnt from the hours of an incident, also after a restart', () => {
    let learning = new Learning()
    learning.stop(100, 90)
    learning = new Learning(structuredClone(learning.save()))
    expect(learning.forgetsSince(110)).toBe(90)
    expect(learning.forgetsSince(111)).toBeNull()
    expect([learning.learns, learning.notesEvidence]).toEqual([false, false])
    expect(learning.endHour()).toBe(false)
    learning.resume()
    expect([learning.endHour(), learning.endHour()]).toEqual([false, true])
  })

  test('a burst after an incident does not make the hour clean', () => {
    const learning = new Learning()
    learning.stop(100, 90)
    learning.forgetsSince(500)
    learning.resume()
    learning.stop(600, 599)
    learning.resume()
    expect(learning.endHour()).toBe(false)
  })
})

test('the tail of exponential maxima is found', () => {
  const random = generator(3)
  const tail = new Tail()
  expect(tail.threshold(1000)).toBe(0)
  for (let i = 0; i < 672; i += 1) tail.add(5 - 2 * Math.log(1 - random()))
  // Exceeded once in 10,000 hours: 5 + 2 ln 10,000 = 23.4; the fit adds its own uncertainty.
  expect(tail.threshold(10_000)).toBeGreaterThan(21)
  expect(tail.threshold(10_000)).toBeLessThan(31)
})

test('the mean of the slow detector grows by one a step when nothing is wrong', () => {
  const [trials, rate] = [20, 0.05]
  const after = (first: number, second: number): number => {
    const slow = new SlowRise()
    slow.add(trials, first, rate, 1)
    return Math.exp(slow.add(trials, second, rate, 1))
  }
  // The exact mean over every pair of counts; a simulated mean would miss the rare large values.
  let mean = 0
  for (let first = 0; first <= trials; first += 1)
    for (let second = 0; second <= trials; second += 1)
      mean +=
        probability(first, trials, rate) * probability(second, trials, rate) * after(first, second)
  expect(mean).toBeCloseTo(2, 6)
})

/** P(Binomial(trials, rate) = count). */
function probability(count: number, trials: number, rate: number): number {
  let ways = 1
  for (let i = 1; i <= count; i += 1) ways *= (trials - count + i) / i
  return ways * rate ** count * (1 - rate) ** (trials - count)
}

/** Runs a stream; returns the seconds of its findings. */
function alarms(
  scan: RateScan,
  stream: Stream,
  seconds: number,
  harm?: { rate: number },
): number[] {
  const found: number[] = []
  for (let i = 0; i < seconds; i += 1) {
    const { trials, events } = stream.next(harm)
    if (scan.add(trials, events)) found.push(i)
  }
  return found
}

describe('the scan', () => {
  test.each<[string, Partial<StreamOptions>]>([
    ['independent errors', {}],
    ['a rate that wanders within minutes', { wander: 0.3 }],
    ['a rate that wanders within hours', { wander: 0.3, correlation: 3 * hour }],
    ['no errors at all', { rate: 0 }],
    ['one request a minute', { load: 1 / 60 }],
  ])('raises no alarm in four days of %s', (_, options) => {
    const stream = new Stream({ seed: 21, load: 100, rate: 0.001, ...options })
    expect(alarms(new RateScan(), stream, 4 * 24 * hour)).toEqual([])
  })

  test('finds an outage within seconds, says since when, and learns nothing from it', () => {
    const stream = new Stream({ seed: 4, load: 50, rate: 0.001 })
    const young = new RateScan()
    expect(alarms(young, stream, 26 * hour)).toEqual([])
    const scan = new RateScan({ state: { ...structuredClone(young.save()), seconds: month } })
    const before = scan.rate
    // One second more than a burst can touch; after a month, bursts are known.
    expect(alarms(young, new Stream({ seed: 5, load: 50, rate: 0.5 }), 10)[0]).toBe(3)
    const [first] = alarms(scan, stream, 10, { rate: 0.5 })
    expect(first).toBeLessThanOrEqual(2)
    const onset = onsetOf(scan.windows(), scan.rate)
    expect(onset.most.from).toBeGreaterThanOrEqual(10)
    expect(onset.most.to).toBeLessThanOrEqual(10)
    expect(onset.most.from - onset.most.to).toBeLessThan(4)
    scan.quarantine(onset.most.from)
    alarms(scan, stream, 2 * hour, { rate: 0.5 })
    scan.release()
    expect(alarms(scan, stream, 3 * hour)).toEqual([])
    expect(scan.rate).toBeLessThan(before * 1.2)
  })

  test('finds harm in the first minutes before it learns it', () => {
    for (const age of [90, 110, 170, 230])
      for (let seed = 0; seed < 12; seed += 1) {
        const random = generator(1000 * age + seed)
        const scan = new RateScan()
        const alarmsAt = (rate: number): boolean =>
          scan.add(50, poisson(random, 50 * rate)) !== null
        for (let second = 0; second < age; second += 1) expect(alarmsAt(0.001)).toBe(false)
        let delay = 1
        while (delay < 120 && !alarmsAt(0.05)) delay += 1
        expect(delay, `${age} s, seed ${seed}`).toBeLessThan(75)
      }
  })

  test('finds harm that began before the first minute was over', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const stream = new Stream({ seed, load: 50, rate: 0.001 })
      const scan = new RateScan()
      expect(alarms(scan, stream, 13)).toEqual([])
      expect(alarms(scan, stream, 10, { rate: 0.5 }).length).toBeGreaterThan(0)
      expect(scan.isKnown).toBe(false)
    }
  })

  test.each([0.001, 0.05])('raises no alarm in the first minutes of a rate of %s', (rate) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const stream = new Stream({ seed, load: 50, rate })
      const scan = new RateScan()
      expect(alarms(scan, stream, 10)).toEqual([])
      // A burst.
      expect(alarms(scan, stream, 2, { rate: 1 })).toEqual([])
      expect(alarms(scan, stream, 48)).toEqual([])
      expect(scan.isKnown).toBe(true)
    }
  })

  test.each([50, 500])('raises no alarm for bursts that are not known yet, at %s/s', (load) => {
    const stream = new Stream({ seed: 500, load, rate: 0.001, bursts: isLong ? 5 : 20 })
    expect(alarms(new RateScan(), stream, (isLong ? 72 : 10) * hour)).toEqual([])
  })

  test('a burst raises one alarm in an old stream, and is expected afterwards', () => {
    const stream = new Stream({ seed: 6, load: 50, rate: 0.001 })
    const young = new RateScan()
    expect(alarms(young, stream, 26 * hour)).toEqual([])
    const scan = new RateScan({ state: { ...structuredClone(young.save()), seconds: month } })
    const burst = (): boolean => {
      const found = alarms(scan, stream, 2, { rate: 0.5 }).length > 0
      if (found) scan.quarantine(2)
      alarms(scan, stream, 3)
      if (found) scan.release()
      expect(alarms(scan, stream, 60)).toEqual([])
      return found
    }
    expect([burst(), burst(), burst()]).toEqual([true, false, false])
  })

  test('tells an outage from a burst in which all requests fail', () => {
    const random = generator(8)
    const scan = new RateScan()
    const alarmsAt = (share: number): boolean => {
      const failed = poisson(random, 50 * (0.001 + 0.999 * share))
      return scan.add(failed + poisson(random, 49.95 * (1 - share)), failed) !== null
    }
    for (let second = 0; second < 1800; second += 1) expect(alarmsAt(0)).toBe(false)
    for (let i = 0; i < 20; i += 1) {
      // Two seconds, which begin and end within a second.
      for (const share of [1 - i / 20, 1, i / 20]) expect(alarmsAt(share)).toBe(false)
      for (let second = 0; second < 600; second += 1) expect(alarmsAt(0)).toBe(false)
    }
    expect([0.7, 1, 1].map(alarmsAt)).toEqual([false, false, true])
  })

  test('finds a small rise that lasts', () => {
    const stream = new Stream({ seed: 9, load: 20, rate: 0.001 })
    const scan = new RateScan()
    expect(alarms(scan, stream, 26 * hour)).toEqual([])
    expect(alarms(scan, stream, 2 * hour, { rate: 0.005 }).length).toBeGreaterThan(0)
  })
})

test('the onset is in its interval as often as it says, when the rate is steady', () => {
  let inside = 0
  const runs = 60
  for (let seed = 0; seed < runs; seed += 1) {
    const random = generator(100 + seed)
    const windows = scales.map((scale) => new Windows(scale))
    const since = 20 + Math.floor(random() * 300)
    for (let age = 4000; age > 0; age -= 1) {
      const events = poisson(random, 100 * (age > since ? 0.002 : 0.01))
      for (const one of windows) one.add(100, events)
    }
    const { most } = onsetOf(windows, 0.002)
    if (since <= most.from + 2 && since >= most.to - 2) inside += 1
  }
  expect(inside / runs).toBeGreaterThan(0.8)
})

describe('over', () => {
  const after = (seed: number, rate: number, seconds: number): number | null => {
    const random = generator(seed)
    const over = new Over(0.001, 0.05)
    for (let i = 1; i <= seconds; i += 1) if (over.add(100, poisson(random, 100 * rate))) return i
    return null
  }

  test('is said within a minute of the end at 100 requests a second', () => {
    for (let seed = 0; seed < 20; seed += 1) expect(after(seed, 0.001, 600)).toBeLessThan(60)
  })

  test('is wrong in at most one of a hundred incidents that go on at a quarter', () => {
    const wrong = Array.from({ length: 300 }, (_, seed) => after(seed, 0.0135, 600))
    expect(wrong.filter((one) => one !== null).length).toBeLessThanOrEqual(3)
  })
})

describe('burn rates', () => {
  const steady =
    (rate: number, load = 10) =>
    (seconds: number) => ({ trials: seconds * load, events: seconds * load * rate })

  test.each([
    [0.0005, null],
    [0.0011, 1],
    [0.004, 3],
    [0.007, 6],
    [0.02, 14.4],
    [1, 14.4],
  ])('errors of %s at an objective of 99.9 %% burn at the rule %s', (rate, factor) => {
    expect(burnOf(0.999, steady(rate))?.rule.factor ?? null).toBe(factor)
  })

  test('a single error at night is no alarm, and neither is no traffic', () => {
    const one = (seconds: number) => ({ trials: Math.ceil(seconds / 100), events: 1 })
    expect(burnOf(0.999, one)).toBeNull()
    expect(burnOf(0.999, () => ({ trials: 0, events: 0 }))).toBeNull()
  })

  test('an incident that is over does not page for the rest of its long window', () => {
    const counts = (seconds: number) =>
      seconds <= hour / 2
        ? { trials: seconds * 10, events: 0 }
        : { trials: seconds * 10, events: Math.min(seconds, hour) * 5 }
    expect(burnOf(0.999, counts)?.rule.urgency ?? 'none').not.toBe('page')
  })

  test('the budget that is left is unknown without requests', () => {
    expect(budgetLeft(0.999, { trials: 0, events: 0 })).toBeNull()
    expect(budgetLeft(0.999, { trials: 10_000, events: 5 })).toBeCloseTo(0.5)
    expect(budgetLeft(0.999, { trials: 10_000, events: 20 })).toBeCloseTo(-1)
  })
})
