import type { Measurement } from '#contract/report/report.ts'
import type { ReportedMeasurement } from './report.ts'

/** Number of earlier runs from which the noise between runs is estimated. */
const enough = 4
/** Two-sided 95 % points of Student's t, by degrees of freedom. */
const points = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13,
]

/**
 * Compares two measurements: by how many percent the second is worse, and the 95 % interval. Works
 * on logarithms, so that twice as slow and half as fast have the same distance. The noise is the
 * larger of two values: the noise between the samples of a run, and the noise between successive
 * earlier runs (`history`, oldest first), which the samples of one process do not show. Null when
 * there is no ratio.
 */
export function compare(
  now: ReportedMeasurement,
  before: ReportedMeasurement,
  history: number[],
): Measurement['worse'] {
  if (!(now.value > 0) || !(before.value > 0))
    return now.value === before.value ? { percent: 0, low: null, high: null } : null
  const sign = now.better === 'lower' ? 1 : -1
  const ratio = sign * Math.log(now.value / before.value)
  const noises = [betweenRuns(history), withinRuns(now, before)].filter((one) => one !== null)
  const percent = (log: number): number => (Math.exp(log) - 1) * 100
  if (noises.length === 0) return { percent: percent(ratio), low: null, high: null }
  const half = Math.max(...noises)
  return { percent: percent(ratio), low: percent(ratio - half), high: percent(ratio + half) }
}

function withinRuns(now: ReportedMeasurement, before: ReportedMeasurement): number | null {
  if (!now.spread || !before.spread) return null
  const errorOf = ({ value, spread }: ReportedMeasurement): number =>
    ((spread?.deviation ?? 0) / value) ** 2 / Math.max(1, spread?.samples ?? 1)
  const freedom = Math.min(now.spread.samples, before.spread.samples) - 1
  return pointOf(freedom) * Math.sqrt(errorOf(now) + errorOf(before))
}

/**
 * Computed from the differences of neighbours, so that a slow drift or a single step does not count
 * as noise.
 */
function betweenRuns(history: number[]): number | null {
  const logs = history.filter((value) => value > 0).map(Math.log)
  if (logs.length < enough) return null
  const steps = logs.slice(1).map((value, index) => (value - (logs[index] ?? value)) ** 2)
  const variance = steps.reduce((sum, one) => sum + one, 0) / (2 * steps.length)
  return pointOf(steps.length) * Math.sqrt(2 * variance)
}

const pointOf = (freedom: number): number =>
  points[Math.max(0, Math.round(freedom) - 1)] ?? 1.96 + 2.4 / freedom
