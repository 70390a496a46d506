import type { HostState } from '#contract/host/host.ts'
import { diskWords, scarceDisk } from '#contract/host/problems.ts'
import type { Verdict } from './store.ts'

/** What a server sees of a host on another machine. Times are milliseconds since 1970. */
export interface SeenHost {
  /** of the connection */
  state: HostState
  reason: string | null
  /** whether the host itself answered just now */
  answers: boolean
  /** when it answered last, or when it was seen first */
  answeredAt: number
}

/**
 * Milliseconds without an answer after which a host is down. SSH notices after 20 seconds that a
 * connection is dead, and the next one takes some more: that alone is no harm. An installation
 * copies a few hundred megabytes.
 */
const patience = { usual: 30_000, installing: 600_000 }

/** What the monitor of a host finds; null while nothing is certain. */
export function judgeHost(
  { state, reason, answers, answeredAt }: SeenHost,
  now: number,
): Verdict | null {
  if (answers) return { state: 'up', reason: '', onset: null }
  if (now - answeredAt < (state === 'installing' ? patience.installing : patience.usual))
    return null
  return {
    state: 'down',
    reason: reason ?? 'SSH connects to its machine, but the host there does not answer',
    onset: { from: answeredAt, until: now },
  }
}

/** What the disk of a host, in bytes, says. */
export const judgeDisk = (disk: { free: number; total: number }): Verdict =>
  disk.free < scarceDisk.bad
    ? { state: 'down', reason: diskWords(disk), onset: null }
    : { state: 'up', reason: '', onset: null }
