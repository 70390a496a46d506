import { type ArmCounts, bucketOf, latencyBuckets, middleOf } from '#contract/verdict/verdict.ts'
import { Dispersion } from './dispersion.ts'
import { normalQuantile } from './numbers.ts'
import { Wealth } from './wealth.ts'

/** Bets on a shift of the whole, by normal scores, each with its weight. */
const shifts = [
  { shift: 0.1, weight: 0.17 },
  { shift: 0.2, weight: 0.15 },
  { shift: 0.5, weight: 0.25 },
  { shift: 1.2, weight: 0.19 },
]
/** Bets on a heavier tail: that a part of the requests has the highest ranks. */
const tails = [
  { part: 0.02, power: 1000, weight: 0.13 },
  { part: 0.05, power: 50, weight: 0.08 },
  { part: 0.1, power: 15, weight: 0.03 },
]
const weights = [...shifts, ...tails].map(({ weight }) => weight)
const bets = weights.length
/**
 * Number of baseline requests that are ranked before the first bet; earlier ranks are meaningless.
 */
const warm = 10
/**
 * Earlier requests count as at most this many, so that those of the time of the canary soon decide
 * the ranks when the latencies have changed in between.
 */
const mostEarlier = 1000

/**
 * An e-process against "the canary's latencies are stochastically no larger than the baseline's
 * plus the tolerance". Ranks each value in the baseline's histogram from before the batch, and bets
 * on the label of each value: under the null hypothesis, and given the values, a request at share p
 * is the canary's with the probability p. Bets that high ranks are the canary's at the odds f(rank)
 * : 1, with f rising; E f/(pf + 1 − p) then cannot grow, at any load and for any unit of the
 * values. Three quarters of the weight are on shifts, the rest on tails (rank-based e-processes;
 * Vovk and Wang, Annals of Statistics 2021).
 */
export class LatencyEvidence {
  readonly #wealth = new Wealth(weights)
  readonly #dispersions = Array.from({ length: bets }, () => new Dispersion())
  readonly #baseline = new Float64Array(latencyBuckets)
  /** The bucket of a canary's latency after the tolerance is subtracted. */
  readonly #lowered: Uint16Array
  #total = 0
  readonly #odds = Array.from({ length: bets }, () => new Float64Array(latencyBuckets))
  #rankedAt = -1

  constructor({ latency, slack }: { latency: number; slack: number }) {
    // Rounded up: at exactly the tolerated increase, the canary is not slower.
    const steps = Math.ceil(Math.log1p(latency) / Math.log(1.02) - 1e-9)
    this.#lowered = Uint16Array.from({ length: latencyBuckets }, (_, bucket) => {
      const left = Math.max(0, bucket - steps)
      return slack === 0 ? left : bucketOf(Math.max(middleOf(left) - slack, 1e-9))
    })
  }

  /**
   * Ranks the latencies of the baseline from before the canary. No bet is made on them, so they
   * change the power only, never the false alarms.
   */
  rank(earlier: ArmCounts['latency']): void {
    const all = earlier.reduce((sum, [, count]) => sum + count, 0)
    const scale = Math.min(1, mostEarlier / all)
    this.#count(earlier.map(([bucket, count]) => [bucket, count * scale]))
  }

  /** Adds latencies of requests that were assigned at a time, in milliseconds. */
  observe(
    at: number,
    share: number,
    baseline: ArmCounts['latency'],
    canary: ArmCounts['latency'],
  ): void {
    if (share > 0 && share < 1 && this.#total >= warm) {
      this.#refresh()
      this.#wealth.pass(at)
      for (let bet = 0; bet < bets; bet += 1) this.#bet(bet, at, share, baseline, canary)
    }
    this.#count(baseline)
  }

  #count(baseline: ArmCounts['latency']): void {
    for (const [bucket, count] of baseline) {
      this.#baseline[bucket] = (this.#baseline[bucket] ?? 0) + count
      this.#total += count
    }
  }

  #bet(
    bet: number,
    at: number,
    share: number,
    baseline: ArmCounts['latency'],
    canary: ArmCounts['latency'],
  ): void {
    const f = this.#odds[bet] ?? new Float64Array()
    let [gain, excess, variance] = [0, 0, 0]
    for (const [bucket, count] of canary) {
      const odds = f[this.#lowered[bucket] ?? 0] ?? 1
      gain += count * Math.log(odds / (share * odds + 1 - share))
      const weight = (1 - share) * (odds - 1)
      excess += count * weight
      variance += count * weight * weight
    }
    for (const [bucket, count] of baseline) {
      const odds = f[bucket] ?? 1
      gain -= count * Math.log(share * odds + 1 - share)
      const weight = share * (odds - 1)
      excess -= count * weight
      variance += count * weight * weight
    }
    this.#wealth.grow(bet, gain)
    this.#dispersions[bet]?.add(Math.floor(at / 1000), excess, variance)
  }

  /**
   * Recomputes the odds of every bucket. Called when the baseline has grown by a fifth, because
   * ranks hardly change in between.
   */
  #refresh(): void {
    if (this.#total < this.#rankedAt * 1.2) return
    this.#rankedAt = this.#total
    let below = 0
    let last = -1
    for (let bucket = 0; bucket < latencyBuckets; bucket += 1) {
      const count = this.#baseline[bucket] ?? 0
      const rank = (below + count / 2 + 0.5) / (this.#total + 1)
      if (rank === last) for (const odds of this.#odds) odds[bucket] = odds[bucket - 1] ?? 1
      else setOdds(this.#odds, bucket, rank)
      last = rank
      below += count
    }
  }

  /** ln of the e-value, discounted where slow requests come in clusters. */
  evidence(): number {
    const discounts = this.#dispersions.map((dispersion) => dispersion.factor(0))
    return this.#wealth.ln(discounts)
  }
}

const steps = 2048
let scores: number[] | null = null

/** Normal scores from a table. The bets need not be exact; they only have to rise with the rank. */
function scoreOf(rank: number): number {
  scores ??= Array.from({ length: steps }, (_, i) => normalQuantile((i + 0.5) / steps))
  return scores[Math.min(steps - 1, Math.floor(rank * steps))] ?? 0
}

/** Sets the odds of every bet in a bucket, in the order of `shifts` and `tails`. */
function setOdds(odds: Float64Array[], bucket: number, rank: number): void {
  const score = scoreOf(rank)
  let bet = 0
  for (const { shift } of shifts) {
    const one = odds[bet++]
    if (one) one[bucket] = Math.exp(shift * score - (shift * shift) / 2)
  }
  for (const { part, power } of tails) {
    const one = odds[bet++]
    if (one) one[bucket] = 1 - part + part * power * rank ** (power - 1)
  }
}
