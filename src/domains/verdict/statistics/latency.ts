import { type ArmCounts, bucketOf, latencyBuckets, middleOf } from '#contract/verdict/verdict.ts'
import { logMeanExp, normalQuantile } from './numbers.ts'

/** Bets on a shift of the whole, by normal scores, and on a heavier tail, as [part, power]. */
const shifts = [0.1, 0.25, 0.6, 1.4]
const tails: [number, number][] = [
  [0.03, 200],
  [0.15, 40],
  [0.5, 8],
  [0.9, 4],
]
/**
 * Number of baseline requests that are ranked before the first bet; earlier ranks are meaningless.
 */
const warm = 10

/**
 * An e-process against "the canary's latencies are stochastically no larger than the baseline's
 * plus the tolerance". Ranks each value in the baseline's histogram from before the batch, and bets
 * on the label of each value: under the null hypothesis, and given the values, a request at share p
 * is the canary's with the probability p. Bets that high ranks are the canary's at the odds f(rank)
 * : 1, with f rising; E f/(pf + 1 − p) then cannot grow, at any load and for any unit of the
 * values. Half of the weight is on shifts, half on tails (rank-based e-processes; Vovk and Wang,
 * Annals of Statistics 2021).
 */
export class LatencyEvidence {
  readonly #wealth: number[] = [...shifts, ...tails].map(() => 0)
  readonly #baseline = new Float64Array(latencyBuckets)
  /** The bucket of a canary's latency after the tolerance is subtracted. */
  readonly #lowered: Uint16Array
  #total = 0
  #bets: { f: Float64Array[]; at: number } = { f: [], at: -1 }

  constructor({ latency, slack }: { latency: number; slack: number }) {
    const steps = Math.floor(Math.log1p(latency) / Math.log(1.02) + 1e-9)
    this.#lowered = Uint16Array.from({ length: latencyBuckets }, (_, bucket) => {
      const left = Math.max(0, bucket - steps)
      return slack === 0 ? left : bucketOf(Math.max(middleOf(left) - slack, 1e-9))
    })
  }

  observe(share: number, baseline: ArmCounts['latency'], canary: ArmCounts['latency']): void {
    if (share > 0 && share < 1 && this.#total >= warm) {
      this.#refresh()
      for (const [k, f] of this.#bets.f.entries()) {
        let sum = 0
        for (const [bucket, count] of canary) {
          const odds = f[this.#lowered[bucket] ?? 0] ?? 1
          sum += count * Math.log(odds / (share * odds + 1 - share))
        }
        for (const [bucket, count] of baseline)
          sum -= count * Math.log(share * (f[bucket] ?? 1) + 1 - share)
        this.#wealth[k] = (this.#wealth[k] ?? 0) + sum
      }
    }
    for (const [bucket, count] of baseline) {
      this.#baseline[bucket] = (this.#baseline[bucket] ?? 0) + count
      this.#total += count
    }
  }

  /**
   * Recomputes the odds of every bucket. Called when the baseline has grown by a tenth, because
   * ranks hardly change in between.
   */
  #refresh(): void {
    if (this.#total < this.#bets.at * 1.1) return
    const f = [...shifts, ...tails].map(() => new Float64Array(latencyBuckets))
    let below = 0
    let last = -1
    for (let bucket = 0; bucket < latencyBuckets; bucket += 1) {
      const count = this.#baseline[bucket] ?? 0
      const rank = (below + count / 2 + 0.5) / (this.#total + 1)
      const odds = rank === last ? null : oddsAt(rank)
      for (const [k, one] of f.entries())
        one[bucket] = odds ? (odds[k] ?? 1) : (one[bucket - 1] ?? 1)
      last = rank
      below += count
    }
    this.#bets = { f, at: this.#total }
  }

  /** ln of the e-value. */
  evidence(): number {
    return logMeanExp(this.#wealth)
  }
}

const steps = 2048
let scores: number[] | null = null

/** Normal scores from a table. The bets need not be exact; they only have to rise with the rank. */
function scoreOf(rank: number): number {
  scores ??= Array.from({ length: steps }, (_, i) => normalQuantile((i + 0.5) / steps))
  return scores[Math.min(steps - 1, Math.floor(rank * steps))] ?? 0
}

function oddsAt(rank: number): number[] {
  const score = scoreOf(rank)
  return [
    ...shifts.map((shift) => Math.exp(shift * score - (shift * shift) / 2)),
    ...tails.map(([part, power]) => 1 - part + part * power * rank ** (power - 1)),
  ]
}
