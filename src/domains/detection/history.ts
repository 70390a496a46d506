import { KeptSums, type KeptSumsState } from './kept-sums.ts'
import type { Windows } from './windows.ts'

const sums = 9
/** Fewer windows say nothing about their variance. */
const leastWindows = 20

/** What the history says about the windows of one scale. */
export interface Normal {
  /** events per trial */
  rate: number
  /** 1/v of that rate, where v is its relative variance between windows of this length */
  precision: number
  /** 1/v of the rate that the ten windows before predict */
  localPrecision: number
}

/**
 * The last 28 days: the rate of events, and how much it varies between windows of each length.
 * Size: about 16 KB for six scales.
 */
export class History {
  readonly #scales: number
  readonly #kept: KeptSums

  constructor(scales: number, state?: KeptSumsState) {
    this.#scales = scales
    this.#kept = new KeptSums(scales * sums, state)
  }

  get #totals(): Float64Array {
    return this.#kept.totals
  }

  /** Adds a window that has just become whole, with what was expected of it. */
  add(scale: number, { trials, events }: Windows, local: { mean: number } | null): void {
    const values = [
      trials,
      events,
      events * events,
      trials * events,
      trials * trials,
      1,
      local ? (events - local.mean) ** 2 : 0,
      local?.mean ?? 0,
      local ? local.mean * local.mean : 0,
    ]
    for (const [i, value] of values.entries()) this.#kept.add(scale * sums + i, value)
  }

  /** Ends the hour; `now` is in seconds. */
  endHour(now: number): void {
    this.#kept.endHour(now)
  }

  /** Forgets the hours since a time, in seconds, so that nothing is learnt from an incident. */
  forgetSince(time: number): void {
    this.#kept.forgetSince(time)
  }

  save(): KeptSumsState {
    return this.#kept.save()
  }

  /** Trials a second over the history; null in the first day. */
  get load(): number | null {
    return this.#kept.hasDay ? this.#totals[0]! / (this.#kept.hours * 3600) : null
  }

  /**
   * How much the rate varies beyond independent events, over all scales with enough windows:
   * `variance`, relative to the rate, and `dispersion`, variance over mean of the counts, at least
   * 1. Null in the first day.
   */
  spread(): { variance: number; dispersion: number } | null {
    if (!this.#kept.hasDay) return null
    let [variance, dispersion] = [0, 1]
    for (let scale = 0; scale < this.#scales; scale += 1) {
      const at = scale * sums
      const windows = this.#totals[at + 5]!
      if (windows < leastWindows) continue
      const { rate } = this.normal(scale)
      const squares =
        this.#totals[at + 2]! -
        2 * rate * this.#totals[at + 3]! +
        rate * rate * this.#totals[at + 4]!
      const mean = rate * this.#totals[at]!
      if (mean <= 0) continue
      // With few windows the ratio is uncertain; assume a standard error more.
      dispersion = Math.max(dispersion, (squares / mean) * (1 + Math.sqrt(2 / windows)))
      const measured = (squares - mean) / (rate * rate * this.#totals[at + 4]!)
      const uncertainty = Math.sqrt(2 / windows) / (mean / windows)
      variance = Math.max(variance, measured - 2 * uncertainty)
    }
    return { variance, dispersion }
  }

  normal(scale: number): Normal {
    const at = scale * sums
    const [trials, events, squares, products, trialSquares, windows] = this.#totals.subarray(
      at,
      at + 6,
    ) as unknown as [number, number, number, number, number, number]
    const [localSquares, localMeans, localMeanSquares] = this.#totals.subarray(
      at + 6,
      at + 9,
    ) as unknown as [number, number, number]
    // Jeffreys' prior: the rate is known as well as events + ½ independent events can tell.
    const rate = (events + 0.5) / Math.max(1, trials)
    const spread = squares - 2 * rate * products + rate * rate * trialSquares
    const ownVariance = relativeVariance(spread, rate * trials, rate * rate * trialSquares, windows)
    const localVariance = relativeVariance(localSquares, localMeans, localMeanSquares, windows)
    return {
      rate,
      precision: 1 / (ownVariance + 1 / (events + 0.5)),
      localPrecision: 1 / localVariance,
    }
  }
}

/** What is assumed of a rate before its windows tell, and the number of windows it weighs. */
const prior = { variance: 0.3, windows: 3 }

/** The variance beyond that of a Poisson count, relative to the mean. */
function relativeVariance(
  squares: number,
  means: number,
  meanSquares: number,
  windows: number,
): number {
  const measured = meanSquares > 0 ? Math.max(0, (squares - means) / meanSquares) : 0
  const weight = prior.windows / (prior.windows + windows)
  return Math.max(1e-9, weight * prior.variance + (1 - weight) * measured)
}
