import { KeptSums, type KeptSumsState } from './kept-sums.ts'
import { Learning, type LearningState } from './learning.ts'
import {
  budgetSeconds,
  createRows,
  endHourOf,
  noteEvidence,
  type Row,
  type RowState,
  saveRows,
  setThresholds,
  strongest,
  tests,
} from './rows.ts'
import { scales } from './windows.ts'

/** A mean that is higher by less than this, as a logarithm, is not harm: 10 %. */
const tolerance = Math.log(1.1)
/** Fewer values in a window say nothing about their mean. */
const leastValues = 20
/** Hours before the first alarm; the tail needs as many. */
const leastHours = 12
/** The variance that is assumed of a mean, and the number of windows that it weighs. */
const prior = { variance: 0.05, windows: 3 }
/** windows, means, squares, 1/values; the same of differences from the windows before */
const sums = 7
/** values, sum and squares of all values */
const all = 3

/** A window whose mean is higher than the baseline explains. */
export interface MeanFinding {
  seconds: number
  baseline: 'history' | 'local'
  values: number
  /** means of the logarithm */
  mean: number
  expected: number
  evidence: number
  threshold: number
}

export interface MeanScanState extends LearningState {
  version: 1
  seconds: number
  history: KeptSumsState
  rows: RowState[]
}

/**
 * Finds a mean that rises, such as that of the logarithm of latency, with the windows and the two
 * baselines of `RateScan`. A window is compared with a mean whose variance is measured per length
 * of window, plus that of so many values: (shift − ln 1.1)² / 2(v + s²/n).
 */
export class MeanScan {
  readonly #history: KeptSums
  readonly #rows: Row[]
  /** streams that share the budget of false alarms */
  streams = 1
  #seconds: number
  readonly #learning: Learning

  constructor(state?: MeanScanState) {
    this.#history = new KeptSums(all + scales.length * sums, state?.history)
    this.#seconds = state?.seconds ?? 0
    this.#learning = new Learning(state)
    this.#rows = createRows(state?.rows)
    this.#setThresholds()
  }

  save(): MeanScanState {
    return {
      ...{ version: 1, seconds: this.#seconds, ...this.#learning.save() },
      history: this.#history.save(),
      rows: saveRows(this.#rows),
    }
  }

  /** The normal mean; null before there is a value. */
  get mean(): number | null {
    const [values = 0, sum = 0] = this.#history.totals
    return values > 0 ? sum / values : null
  }

  /** Variance of single values. */
  get variance(): number {
    const [values = 0, sum = 0, squares = 0] = this.#history.totals
    return values > 1 ? Math.max(1e-6, squares / values - (sum / values) ** 2) : 1
  }

  get isQuarantined(): boolean {
    return !this.#learning.learns
  }

  /** Adds the values of one second; returns the finding with the most evidence, if any alarms. */
  add(values: number, sum: number, squares: number): MeanFinding | null {
    this.#seconds += 1
    const onset = this.#learning.forgetsSince(this.#seconds)
    if (onset !== null) this.#history.forgetSince(onset)
    if (this.#learning.learns)
      for (const [i, value] of [values, sum, squares].entries()) this.#history.add(i, value)
    let best: MeanFinding | null = null
    for (let i = 0; i < scales.length; i += 1) {
      if (!this.#rows[i]!.windows.add(values, sum)) continue
      const found = this.#look(i)
      if (found && (!best || found.evidence - found.threshold > best.evidence - best.threshold))
        best = found
    }
    if (this.#seconds % 3600 === 0) this.#endHour()
    return best
  }

  #look(scale: number): MeanFinding | null {
    const row = this.#rows[scale]!
    const { windows } = row
    const { trials: values, events: sum, trialsBefore, eventsBefore } = windows
    const normal = this.mean
    if (values < leastValues || windows.newest === 0 || normal === null) return null
    const mean = sum / values
    const hasBefore = windows.hasBefore && trialsBefore >= leastValues
    const before = hasBefore ? eventsBefore / trialsBefore : null
    if (this.#learning.learns && windows.isWhole) this.#remember(scale, mean, before)
    const own = this.variance / values
    const global = evidenceOf(mean - normal, this.#spread(scale, 0) + own)
    const local = before === null ? normal : Math.max(normal, before)
    const near =
      before === null
        ? 0
        : evidenceOf(mean - local, this.#spread(scale, 1) + own + this.variance / trialsBefore)
    if (this.#learning.notesEvidence) noteEvidence(row, [global, near])
    const best = strongest(row, [global, near])
    if (best.evidence < best.threshold) return null
    const expected = best.baseline === 'history' ? normal : local
    return { seconds: windows.scale.seconds, values, mean, expected, ...best }
  }

  #remember(scale: number, mean: number, before: number | null): void {
    const { trials, trialsBefore } = this.#rows[scale]!.windows
    const at = all + scale * sums
    const shift = before === null ? 0 : mean - before
    const values = [
      ...[1, mean, mean * mean, 1 / trials],
      ...(before === null ? [0, 0, 0] : [1, shift * shift, 1 / trials + 1 / trialsBefore]),
    ]
    for (const [i, value] of values.entries()) this.#history.add(at + i, value)
  }

  /** Variance of the mean of a window beyond that of its values. */
  #spread(scale: number, baseline: number): number {
    const at = all + scale * sums
    const [windows, means, squares, shares, shifts, shiftSquares, shiftShares] =
      this.#history.totals.subarray(at, at + sums) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ]
    const count = baseline === 0 ? windows : shifts
    const total =
      baseline === 0
        ? squares / Math.max(1, windows) - (means / Math.max(1, windows)) ** 2
        : shiftSquares / Math.max(1, shifts)
    const explained = (this.variance * (baseline === 0 ? shares : shiftShares)) / Math.max(1, count)
    const weight = prior.windows / (prior.windows + count)
    return weight * prior.variance + (1 - weight) * Math.max(0, total - explained)
  }

  #endHour(): void {
    const isClean = this.#learning.endHour()
    for (const row of this.#rows) endHourOf(row, isClean)
    this.#history.endHour(this.#seconds)
    this.#setThresholds()
  }

  #setThresholds(): void {
    const budget = budgetSeconds * this.streams
    const isKnown = this.#history.hours >= leastHours
    for (const row of this.#rows)
      if (isKnown) setThresholds(row, Math.log((tests * budget) / row.windows.scale.bucket), budget)
      else row.thresholds.fill(Infinity)
  }

  /** As that of `RateScan`. */
  quarantine(seconds: number): void {
    this.#learning.stop(this.#seconds, this.#seconds - seconds)
  }

  /** The incident is over. */
  release(): void {
    for (const { windows } of this.#rows) windows.clear()
    this.#learning.resume()
  }
}

const evidenceOf = (shift: number, variance: number): number =>
  shift <= tolerance ? 0 : (shift - tolerance) ** 2 / (2 * variance)
