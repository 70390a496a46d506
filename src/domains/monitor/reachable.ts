import type { MonitorState } from '#contract/monitor/monitor.ts'

/** An instance of the live release, as its target reports it. */
export interface SeenInstance {
  state: 'starting' | 'healthy' | 'unhealthy' | 'stopping' | 'backoff' | 'stopped'
  /** why it is not healthy, in one sentence */
  reason: string | null
}

/** The state of a service that was reported last, and the one that its instances show. */
export interface Reachable {
  said: MonitorState | null
  seen: MonitorState
  /** milliseconds; when `seen` was seen first without a break */
  since: number
  reason: string
}

/** Milliseconds for which a state must last: a restart is shorter. */
const confirmMs = { up: 5000, degraded: 30_000, down: 15_000, unknown: 15_000, maintenance: 0 }

/**
 * Whether the edge has an instance that answers its health check. `instances` is null when the
 * target does not answer; instances that Fairlead stops say nothing.
 */
export function seeInstances(instances: readonly SeenInstance[] | null): {
  state: MonitorState
  reason: string
} {
  if (instances === null) return { state: 'unknown', reason: 'the host does not answer' }
  const wanted = instances.filter(({ state }) => state !== 'stopping' && state !== 'stopped')
  const first = wanted.find(({ state }) => state !== 'healthy')
  if (wanted.length === 0) return { state: 'unknown', reason: 'it is stopped' }
  if (!first) return { state: 'up', reason: '' }
  const why = first.reason === null ? `it is ${first.state}` : first.reason
  const ill = wanted.filter(({ state }) => state !== 'healthy').length
  if (ill < wanted.length)
    return {
      state: 'degraded',
      reason: `${ill} of ${wanted.length} instances do not answer: ${why}`,
    }
  return {
    state: 'down',
    reason: `${ill === 1 ? 'its instance does' : `its ${ill} instances do`} not answer: ${why}`,
  }
}

/**
 * Adds what was seen at `now`, in milliseconds. A new state counts once it has lasted; a service
 * that is seen for the first time is up at once.
 */
export function addSeen(
  before: Reachable | undefined,
  { state, reason }: { state: MonitorState; reason: string },
  now: number,
): Reachable {
  const since = before?.seen === state ? before.since : now
  const said = before?.said ?? null
  const isLong = now - since >= confirmMs[state]
  const isNew = said === null && state === 'up'
  return { said: isLong || isNew ? state : said, seen: state, since, reason }
}
