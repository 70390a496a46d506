import { logMeanExp } from './sum.ts'
import type { Windows } from './windows.ts'

/** When a rise began, in seconds before now. `half` and `most` contain it with 50 and 90 %. */
export interface Onset {
  likely: number
  half: { from: number; to: number }
  most: { from: number; to: number }
}

interface Bucket {
  /** seconds before now at which it began */
  age: number
  seconds: number
  trials: number
  events: number
}

const multiples = [1.5, 2, 4, 8, 20, 60, 200, 600]

/**
 * The posterior over the moment since which the rate is higher than `rate`, with every moment
 * equally likely before, and the new rate unknown. If the normal rate wanders, the intervals are
 * too narrow.
 */
export function onsetOf(windows: Windows[], rate: number): Onset {
  const buckets = bucketsOf(windows)
  const base = Math.max(1e-7, rate)
  const rates = multiples.map((multiple) => Math.min(0.95, base * multiple))
  const sums = rates.map(() => 0)
  const weights = buckets.map(({ trials, events, seconds }) => {
    for (const [i, next] of rates.entries())
      sums[i]! += events * Math.log(next / base) - trials * (next - base)
    return logMeanExp(sums) + Math.log(seconds)
  })
  const top = Math.max(...weights)
  const shares = weights.map((weight) => Math.exp(weight - top))
  const total = shares.reduce((a, b) => a + b, 0)
  const at = (share: number): number => {
    let sum = 0
    for (const [i, one] of shares.entries()) {
      sum += one / total
      if (sum >= share) return buckets[i]!.age
    }
    return buckets.at(-1)?.age ?? 0
  }
  return {
    likely: at(0.5),
    half: { from: at(0.75), to: at(0.25) },
    most: { from: at(0.95), to: at(0.05) },
  }
}

/** The events per trial of the last `seconds`, at least one; 0 without trials. */
export function rateSince(windows: Windows[], seconds: number): number {
  const buckets = bucketsOf(windows).filter(
    (bucket) => bucket.age - bucket.seconds < Math.max(1, seconds),
  )
  const sum = (key: 'trials' | 'events') => buckets.reduce((all, one) => all + one[key], 0)
  return sum('trials') === 0 ? 0 : sum('events') / sum('trials')
}

/** The buckets of all scales, newest first: fine ones for the last seconds, coarse ones before. */
function bucketsOf(windows: Windows[]): Bucket[] {
  const found: Bucket[] = []
  let covered = 0
  for (const one of windows) {
    let age = 0
    for (const bucket of one.buckets()) {
      const end = age
      age += bucket.seconds
      if (end < covered || bucket.seconds === 0) continue
      found.push({ ...bucket, age })
    }
    covered = Math.max(covered, age)
  }
  return found
}
