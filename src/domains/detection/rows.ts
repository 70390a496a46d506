import { Tail, type TailState } from './tail.ts'
import { scales, Windows, type WindowsState } from './windows.ts'

/** One false alarm in this time, in seconds, over all windows of a stream: 90 days. */
export const budgetSeconds = 90 * 86_400
/** The last 28 days, and the ten windows before. */
const baselines = 2
/** Tests of a scan at a time. */
export const tests = scales.length * baselines

/** The windows of one length, and the evidence found in them, by baseline. */
export interface Row {
  windows: Windows
  tails: Tail[]
  /** the largest evidence in this hour */
  maxima: number[]
  thresholds: number[]
}

export interface RowState {
  windows: WindowsState
  tails: TailState[]
  maxima: number[]
}

/** One row for each length of a window, as `saveRows` returned them. */
export const createRows = (saved?: RowState[]): Row[] =>
  scales.map((scale, i) => ({
    windows: new Windows(scale, saved?.[i]?.windows),
    tails: Array.from({ length: baselines }, (_, b) => new Tail(saved?.[i]?.tails[b])),
    maxima: saved?.[i]?.maxima ?? Array<number>(baselines).fill(0),
    thresholds: Array<number>(baselines).fill(Infinity),
  }))

export const saveRows = (rows: Row[]): RowState[] =>
  rows.map(({ windows, tails, maxima }) => ({
    windows: windows.save(),
    tails: tails.map((tail) => tail.save()),
    maxima,
  }))

/** Remembers the largest evidence of the hour, to learn how much of it is normal. */
export function noteEvidence({ maxima }: Row, evidence: readonly number[]): void {
  for (const [baseline, one] of evidence.entries())
    maxima[baseline] = Math.max(maxima[baseline] ?? 0, one)
}

/** Ends an hour; one with an incident teaches nothing. */
export function endHourOf({ tails, maxima }: Row, isClean: boolean): void {
  if (isClean) for (const [baseline, tail] of tails.entries()) tail.add(maxima[baseline] ?? 0)
  maxima.fill(0)
}

/** The more convincing baseline: the evidence and the threshold that it exceeds by the most. */
export function strongest(
  { thresholds }: Row,
  evidence: readonly [number, number],
): { baseline: 'history' | 'local'; evidence: number; threshold: number } {
  const [ofHistory = Infinity, ofLocal = Infinity] = thresholds
  const isHistory = evidence[0] - ofHistory >= evidence[1] - ofLocal
  return isHistory
    ? { baseline: 'history', evidence: evidence[0], threshold: ofHistory }
    : { baseline: 'local', evidence: evidence[1], threshold: ofLocal }
}

/** Sets the thresholds of a row: `bound`, or the learnt tail of normal evidence if it is higher. */
export function setThresholds({ tails, thresholds }: Row, bound: number, budget: number): void {
  for (const [baseline, tail] of tails.entries())
    thresholds[baseline] = Math.max(bound, tail.threshold((budget / 3600) * tests))
}
