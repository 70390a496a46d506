import type { Windows } from './windows.ts'

const sums = 9
const dayHours = 24
const keptDays = 28
/** The hours that an alarm can still remove from the history. */
const recentHours = 12
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
 * The last 28 days in sums: the rate of events, and how much it varies between windows of each
 * length. Sums are kept per hour for half a day, so that an incident can be removed, and per day
 * after that. Size: about 16 KB for six scales.
 */
export class History {
  readonly #scales: number
  #hour: Float64Array
  readonly #hours: { start: number; sums: Float64Array }[] = []
  readonly #days: Float64Array[] = []
  readonly #merging: { hours: number; sums: Float64Array }
  #hourStart = 0
  #totals: Float64Array
  #hoursLearnt = 0

  constructor(scales: number) {
    this.#scales = scales
    this.#hour = this.#empty()
    this.#totals = this.#empty()
    this.#merging = { hours: 0, sums: this.#empty() }
  }

  #empty(): Float64Array {
    return new Float64Array(this.#scales * sums)
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
    for (const [i, value] of values.entries()) {
      this.#hour[scale * sums + i]! += value
      this.#totals[scale * sums + i]! += value
    }
  }

  /** Ends the hour; `now` is in seconds. */
  endHour(now: number): void {
    this.#hoursLearnt += 1
    this.#hours.push({ start: this.#hourStart, sums: this.#hour })
    this.#hour = this.#empty()
    this.#hourStart = now
    if (this.#hours.length > recentHours) this.#merge(this.#hours.shift()!.sums)
  }

  #merge(hour: Float64Array): void {
    addTo(this.#merging.sums, hour)
    this.#merging.hours += 1
    if (this.#merging.hours < dayHours) return
    this.#days.push(this.#merging.sums)
    this.#merging.sums = this.#empty()
    this.#merging.hours = 0
    if (this.#days.length > keptDays) this.#days.shift()
    this.#sumAgain()
  }

  #sumAgain(): void {
    this.#totals = this.#empty()
    for (const one of this.#days) addTo(this.#totals, one)
    for (const one of this.#hours) addTo(this.#totals, one.sums)
    addTo(this.#totals, this.#merging.sums)
    addTo(this.#totals, this.#hour)
  }

  /** Forgets the hours since a time, in seconds, so that nothing is learnt from an incident. */
  forgetSince(time: number): void {
    this.#hour = this.#empty()
    for (const one of this.#hours) if (one.start + 3600 > time) one.sums.fill(0)
    this.#sumAgain()
  }

  /** Trials a second over the history; null in the first day. */
  get load(): number | null {
    const hours = Math.min(this.#hoursLearnt, keptDays * dayHours + recentHours)
    return hours < dayHours ? null : this.#totals[0]! / (hours * 3600)
  }

  /**
   * How much the rate varies beyond independent events, over all scales with enough windows:
   * `variance`, relative to the rate, and `dispersion`, variance over mean of the counts, at least
   * 1. Null in the first day.
   */
  spread(): { variance: number; dispersion: number } | null {
    if (this.#hoursLearnt < dayHours) return null
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

function addTo(sum: Float64Array, one: Float64Array): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += one[i]!
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
