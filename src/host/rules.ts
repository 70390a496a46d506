// Decides what a health check or the end of an instance means. Pure; instance.ts acts on it. Times
// are in milliseconds.

/** A worker without a port is healthy when it runs this long. */
export const workerSettlesMs = 1000
/** Consecutive failed checks before a healthy instance leaves the rotation. */
const missesAllowed = 2
/** An instance that was healthy this long is stable: its crashes count from one again. */
const stableAfterMs = 10_000
/** Consecutive ends after which a release without traffic is given up. */
const endsAllowed = 3
/** After this long, the reason names the ports that the service listens on instead. */
export const explanationDelayMs = 2000
/** Statuses that a service gives for a while, such as too many requests. */
const temporaryStatuses = new Set([408, 425, 429])
/** A steady 4xx fails the start after this part of the time to become healthy. */
const refusalPart = 1 / 4
/** How long the list of these ports is kept before it is determined again. */
export const explanationLifetimeMs = 5000

export interface Check {
  state: 'starting' | 'healthy' | 'unhealthy'
  /** The problem that the check found. */
  problem: string | null
  /** Consecutive failed checks before this one. */
  misses: number
  /** Time since the start after which it must be healthy. */
  waitedMs: number
  timeoutMs: number
  /** How long its path answers the same status 4xx. */
  refusedMs: number
}

/** `overdue`: the time to become healthy is over. `refused`: it will not become healthy. */
export function judgeCheck(check: Check): {
  state: Check['state'] | 'overdue' | 'refused'
  misses: number
} {
  if (check.problem === null) return { state: 'healthy', misses: 0 }
  const misses = check.misses + 1
  if (check.state === 'starting') {
    if (check.waitedMs > check.timeoutMs) return { state: 'overdue', misses }
    const isRefused = check.refusedMs > check.timeoutMs * refusalPart
    return { state: isRefused ? 'refused' : 'starting', misses }
  }
  return {
    state: check.state === 'healthy' && misses <= missesAllowed ? 'healthy' : 'unhealthy',
    misses,
  }
}

/** A status 4xx that the path of the health check answers since a time. */
export interface Refusal {
  status: number
  since: number
}

/** Continues a refusal, or begins one, with the status of a check; null when it is none. */
export function refusalAfter(
  before: Refusal | null,
  status: number | null,
  now: number,
): Refusal | null {
  if (status === null || status < 400 || status > 499 || temporaryStatuses.has(status)) return null
  return before?.status === status ? before : { status, since: now }
}

/** What to do about a refusal, for the end of a sentence. */
export function adviceFor({ status }: Refusal): string {
  if (status === 400)
    return 'if it accepts only its own host names, set one in `health.headers`, such as `Host`'
  return `set \`health\` to a path that answers 2xx or 3xx${
    status === 401 || status === 403 ? ' without a sign-in' : ''
  }`
}

export interface Ended {
  /** Consecutive ends before this one. */
  crashes: number
  /** How long this process was healthy; null when it never was. */
  healthyForMs: number | null
  /** The release has the traffic, so giving up would cause an outage. */
  mustGoOn: boolean
  /** It never became healthy in the time it had, or will not. */
  isOverdue: boolean
}

/** Decides whether and when to restart. `random` is from 0 to 1. */
export function judgeEnd(
  ended: Ended,
  random: number,
): { crashes: number; pauseMs: number | null } {
  const crashes = (ended.healthyForMs ?? 0) > stableAfterMs ? 1 : ended.crashes + 1
  const givesUp = !ended.mustGoOn && (crashes >= endsAllowed || ended.isOverdue)
  return { crashes, pauseMs: givesUp ? null : backoffMs(crashes) * (0.9 + 0.2 * random) }
}

/** Doubles with each consecutive crash, up to 30 seconds. */
export function backoffMs(crashes: number): number {
  return Math.min(100 * 2 ** Math.min(20, Math.max(0, crashes - 1)), 30_000)
}

/**
 * Explains why nothing answers on 127.0.0.1 at the expected port, for the end of a sentence; empty
 * when the addresses that the service listens on do not explain it.
 */
export function explainListeners(
  listeners: { address: string; port: number }[],
  expected: number,
): string {
  const here = listeners.filter(({ port }) => port === expected).map(({ address }) => address)
  // A socket on [::] usually accepts IPv4 too.
  if (here.some((address) => ['127.0.0.1', '0.0.0.0', '[::]'].includes(address))) return ''
  if (here.length > 0)
    return `; it listens on ${here[0]}:${expected} only, and has to listen on 127.0.0.1 or 0.0.0.0`
  const others = [...new Set(listeners.map(({ port }) => port))].toSorted((a, b) => a - b)
  if (others.length === 0) return ''
  return `; it listens on port ${others.join(', ')} instead of $PORT (${expected})`
}

/** Time until the next check: short at first, because a deployment waits for it. */
export function checkPauseMs(
  sinceStartMs: number,
  isStarting: boolean,
  intervalMs: number,
): number {
  if (!isStarting) return intervalMs
  if (sinceStartMs < 1000) return 10
  return sinceStartMs < 10_000 ? 100 : Math.min(500, intervalMs)
}
