import type { MonitorState } from '#contract/monitor/monitor.ts'

/** What an instance uses of the memory that the kernel lets it use. Bytes. */
export interface MemoryUse {
  service: string
  index: number
  used: number
  limit: number
}

/** What was said of the memory of a service, and what its instances show. */
export interface Memory {
  said: MonitorState | null
  seen: MonitorState
  /** milliseconds; when `seen` was seen first without a break */
  since: number
  reason: string
}

/** The share of the limit from which on little is left, and below which it is enough again. */
const shares = { little: 0.95, enough: 0.9 }
/** Milliseconds for which it must last: many programs grow and shrink within seconds. */
const confirmMs = 60_000

/**
 * Adds what the instances of a service use at `now`, in milliseconds; null when their host does not
 * answer. Pure.
 */
export function addMemory(
  before: Memory | undefined,
  uses: readonly MemoryUse[] | null,
  now: number,
): Memory {
  const { seen, reason } = see(before, uses)
  const since = before?.seen === seen ? before.since : now
  const said = before?.said ?? null
  const isNew = said === null && seen === 'up'
  return { said: isNew || now - since >= confirmMs ? seen : said, seen, since, reason }
}

function see(
  before: Memory | undefined,
  uses: readonly MemoryUse[] | null,
): Pick<Memory, 'seen' | 'reason'> {
  if (uses === null) return { seen: 'unknown', reason: 'the host does not answer' }
  const [most] = uses.toSorted((a, b) => b.used / b.limit - a.used / a.limit)
  const least = before?.seen === 'degraded' ? shares.enough : shares.little
  if (!most || most.used < least * most.limit) return { seen: 'up', reason: '' }
  const [used, limit] = [most.used, most.limit].map((bytes) => Math.round(bytes / 1_048_576))
  return {
    seen: 'degraded',
    reason: `${most.service}.${most.index} uses ${used} of ${limit} MB; beyond, it is killed`,
  }
}
