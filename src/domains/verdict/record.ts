import type { ArmCounts } from '#contract/verdict/verdict.ts'

/** What the last proven release of an environment served in its last minutes. */
export interface ProvenRecord {
  release: number
  counts: ArmCounts
  /** when it stopped serving, in milliseconds since the epoch */
  at: number
}

/** The release that a new one replaces. */
export interface Former {
  isProven: boolean
  /** The newest watch over it; null when it was never watched. */
  watch: { before: ArmCounts | null; record: ProvenRecord | null; started: number } | null
  /** The release that had the traffic before it; null when there was none. */
  replaced: { release: number; isProven: boolean } | null
}

/** Milliseconds for which a record is used. Rates of another day say little about this one. */
const validMs = 24 * 3_600_000

/**
 * The record that a new release is compared with in addition to the release before it. Null when
 * the release before is proven, or when no proven release served anything in the last 24 hours.
 */
export function recordFor({ isProven, watch, replaced }: Former, now: number): ProvenRecord | null {
  if (isProven || watch === null) return null
  const { before: counts, started: at } = watch
  const first =
    counts !== null && replaced?.isProven === true
      ? { release: replaced.release, counts, at }
      : null
  const record = watch.record ?? first
  return record !== null && now - record.at <= validMs ? record : null
}
