// What a look at an instance, or its end, means for it. Pure; instance.ts acts on it. Times are in
// milliseconds.

/** A worker without a port is well when it lives this long. */
export const workerSettlesMs = 1000
/** Looks in a row that must say no before a healthy instance leaves the rotation. */
const missesAllowed = 2
/**
 * An instance that was well for this long before it ended is taken for sound: its crashes count
 * from one again.
 */
const stableAfterMs = 10_000
/** Ends in a row, after which a release that does not have the traffic is given up. */
const endsAllowed = 3
/** After that long it is worth saying what a service that does not answer listens on instead. */
export const explainsAfterMs = 2000
export const explainsEveryMs = 5000

export interface Looked {
  state: 'starting' | 'healthy' | 'unhealthy'
  /** what the look found wrong */
  problem: string | null
  /** looks in a row that found something wrong, before this one */
  misses: number
  /** since the start that it must become healthy after */
  waitedMs: number
  timeoutMs: number
}

/** `hopeless`: it had its time to become healthy and did not. */
export function judgeLook(looked: Looked): { state: Looked['state'] | 'hopeless'; misses: number } {
  if (looked.problem === null) return { state: 'healthy', misses: 0 }
  const misses = looked.misses + 1
  if (looked.state === 'starting')
    return { state: looked.waitedMs > looked.timeoutMs ? 'hopeless' : 'starting', misses }
  return {
    state: looked.state === 'healthy' && misses <= missesAllowed ? 'healthy' : 'unhealthy',
    misses,
  }
}

export interface Ended {
  /** ends in a row before this one */
  crashes: number
  /** how long this process had been healthy; null when it never was */
  wellForMs: number | null
  /** the release has the traffic: giving up would be an outage */
  mustGoOn: boolean
  /** it was never healthy since its release was started, and had its time */
  isOverdue: boolean
}

/** Whether to start again, and after which pause. `random` is from 0 to 1. */
export function judgeEnd(
  ended: Ended,
  random: number,
): { crashes: number; pauseMs: number | null } {
  const crashes = (ended.wellForMs ?? 0) > stableAfterMs ? 1 : ended.crashes + 1
  const givesUp = !ended.mustGoOn && (crashes >= endsAllowed || ended.isOverdue)
  return { crashes, pauseMs: givesUp ? null : backoffMs(crashes) * (0.9 + 0.2 * random) }
}

/** Doubles with each crash in a row, up to half a minute. */
export function backoffMs(crashes: number): number {
  return Math.min(100 * 2 ** Math.min(20, Math.max(0, crashes - 1)), 30_000)
}

/** How long to wait before the next look: quick at first, because a deployment waits for it. */
export function lookPauseMs(sinceStartMs: number, isStarting: boolean, intervalMs: number): number {
  if (!isStarting) return intervalMs
  if (sinceStartMs < 1000) return 10
  return sinceStartMs < 10_000 ? 100 : Math.min(500, intervalMs)
}
