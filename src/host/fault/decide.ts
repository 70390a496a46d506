import type { FaultRecord, FaultState } from './journal.ts'

/** What is true now. Times are of the steady clock, in milliseconds. */
export interface Now {
  steady: number
  boot: string | null
  /** the end of the current lease */
  lease: number
}

/** Returns why an armed fault is to be undone, in one sentence without a full stop, or null. */
export function findReason(
  { state, record }: { state: FaultState; record: Pick<FaultRecord, 'boot' | 'steadyEnd'> },
  { steady, boot, lease }: Now,
): string | null {
  if (state !== 'armed') return null
  if (boot === null || boot !== record.boot) return 'the machine was started again'
  if (steady >= record.steadyEnd) return 'its time was over'
  if (steady >= lease) return 'its lease was not renewed'
  return null
}

/** Milliseconds until the next attempt of an undo that failed so many times. */
export const pauseAfter = (failures: number): number => Math.min(5000, 100 * 2 ** (failures - 1))
