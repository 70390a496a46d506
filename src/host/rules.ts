// Decides what a health check or the end of an instance means. Pure; instance.ts acts on it. Times
// are in milliseconds.

/** For so long after its start, an answer may come from another program on the same port. */
export const strangerDoubtMs = 1000
/** Longest time between two checks of an instance that settles. */
const settlingCheckMs = 100
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
  /** How long all checks have succeeded, and how long they must before it counts as healthy. */
  settledMs: number
  settleMs: number
}

/**
 * The settling time: as long as the start of the app took, within limits; a service without a port
 * has no measured start of its own. Zero for an instance that has the traffic to win back.
 */
export function settlingTime(
  limits: { least: number; most: number } | undefined,
  startMs: number,
): number {
  return limits ? Math.min(limits.most, Math.max(limits.least, startMs)) : 0
}

/** `overdue`: the time to become healthy is over. `refused`: it will not become healthy. */
export function judgeCheck(check: Check): {
  state: Check['state'] | 'overdue' | 'refused'
  misses: number
} {
  if (check.problem === null) {
    const isSettling = check.state === 'starting' && check.settledMs < check.settleMs
    return { state: isSettling ? 'starting' : 'healthy', misses: 0 }
  }
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
  /** It would end in the same way again, because the artifact lacks what it needs. */
  isFinal: boolean
}

/** Decides whether and when to restart. `random` is from 0 to 1. */
export function judgeEnd(
  ended: Ended,
  random: number,
): { crashes: number; pauseMs: number | null } {
  const crashes = (ended.healthyForMs ?? 0) > stableAfterMs ? 1 : ended.crashes + 1
  const givesUp = !ended.mustGoOn && (crashes >= endsAllowed || ended.isOverdue || ended.isFinal)
  return { crashes, pauseMs: givesUp ? null : backoffMs(crashes) * (0.9 + 0.2 * random) }
}

/** Whether an instance crashes again and again: it has not stayed healthy since the last time. */
export function isCrashLoop(crashes: number, healthyForMs: number | null): boolean {
  return crashes >= endsAllowed && (healthyForMs ?? 0) <= stableAfterMs
}

/** Doubles with each consecutive crash, up to 30 seconds. */
export function backoffMs(crashes: number): number {
  return Math.min(100 * 2 ** Math.min(20, Math.max(0, crashes - 1)), 30_000)
}

interface Listener {
  address: string
  port: number
}

/** Returns whether the service listens on the expected port, but not where it is requested. */
export function isBoundElsewhere(
  listeners: Listener[],
  expected: number,
  requested = '127.0.0.1',
): boolean {
  const here = listeners.filter(({ port }) => port === expected).map(({ address }) => address)
  // A socket on [::] usually accepts IPv4 too.
  return here.length > 0 && !here.some((one) => [requested, '0.0.0.0', '[::]'].includes(one))
}

/**
 * Explains why nothing answers on 127.0.0.1 at the expected port, for the end of a sentence; empty
 * when the addresses that the service listens on do not explain it.
 */
export function explainListeners(
  listeners: Listener[],
  expected: number,
  requested = '127.0.0.1',
): string {
  const here = listeners.find(({ port }) => port === expected)
  if (here && !isBoundElsewhere(listeners, expected, requested)) return ''
  if (here)
    return (
      `; it listens on ${here.address}:${expected} only, ` +
      `and has to listen on ${requested === '127.0.0.1' ? '127.0.0.1 or 0.0.0.0' : '0.0.0.0'}`
    )
  const others = [...new Set(listeners.map(({ port }) => port))].toSorted((a, b) => a - b)
  if (others.length === 0) return ''
  return `; it listens on port ${others.join(', ')} instead of $PORT (${expected})`
}

/**
 * Time until the next check: short at first, because a deployment waits for it. `settlesInMs` is
 * the rest of the settling time of an instance that answers; null before that.
 */
export function checkPauseMs(
  sinceStartMs: number,
  isStarting: boolean,
  intervalMs: number,
  settlesInMs: number | null = null,
): number {
  if (!isStarting) return intervalMs
  if (settlesInMs !== null) return Math.min(settlingCheckMs, Math.max(1, settlesInMs))
  if (sinceStartMs < 1000) return 10
  return sinceStartMs < 10_000 ? 100 : Math.min(500, intervalMs)
}
