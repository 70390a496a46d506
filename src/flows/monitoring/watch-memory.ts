import type { InstanceUsage } from '#contract/host/measurements.ts'
import { addMemory, type Memory, type MemoryUse } from '#domains/monitor/memory.ts'
import { deleteExcept, setMonitor } from '#domains/monitor/store.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { type HostSeconds, serviceKey } from './host-seconds.ts'

interface Place {
  app: string
  environment: string
  service: string
}

interface Known extends Memory, Place {
  /** when an instance with a limit was seen last, in milliseconds */
  seenAt: number
}

type Host = Pick<HostSeconds, 'usage' | 'isSilent'>
/** An environment that is watched, with its hosts; null for one that is not known. */
export type WatchedPlace = [place: string, hosts: (Host | null)[]]
/** The instances with a limit of each host, by environment. */
type Limited = Map<Host | null, Map<string, InstanceUsage[]>>

/** Milliseconds between two judgements: hosts measure every ten seconds. */
const judgeEvery = 10_000
/** Milliseconds without an instance after which a service is forgotten: a restart is shorter. */
const patience = 60_000

/**
 * Watches how much of its memory each service uses whose memory the kernel limits. One without a
 * limit has no such monitor.
 */
export class WatchMemory {
  #known = new Map<string, Known>()
  #kept = ''
  #judgedAt = 0

  /** Returns what changes by what the hosts measured last. */
  judge(watched: readonly WatchedPlace[], now: number): Statement[] {
    if (now - this.#judgedAt < judgeEvery) return []
    this.#judgedAt = now
    const hosts = new Set(watched.flatMap(([, some]) => some))
    const limited: Limited = new Map([...hosts].map((host) => [host, limitedOf(host)]))
    const known = new Map<string, Known>()
    const silent: string[] = []
    const statements: Statement[] = []
    for (const [place, mine] of watched) {
      const isSilent = mine.some((one) => !one?.usage || one.isSilent)
      if (isSilent) silent.push(place)
      for (const [key, seen] of this.#servicesOf(place, mine, limited)) {
        const before = this.#known.get(key)
        const seenAt = seen.uses.length > 0 || isSilent ? now : (before?.seenAt ?? now)
        if (now - seenAt >= patience) continue
        const after = addMemory(before, isSilent ? null : seen.uses, now)
        known.set(key, { ...after, ...seen.place, seenAt })
        if (after.said !== null && after.said !== before?.said)
          statements.push(...set(seen.place, after))
      }
    }
    this.#known = known
    return [...statements, ...this.#forget([...known.keys()].toSorted(), silent)]
  }

  /** Services with a limit, now or before, with what their instances use. */
  #servicesOf(
    place: string,
    hosts: WatchedPlace[1],
    limited: Limited,
  ): Map<string, { place: Place; uses: MemoryUse[] }> {
    const found = new Map<string, { place: Place; uses: MemoryUse[] }>()
    for (const [key, { app, environment, service }] of this.#known)
      if (`${app}/${environment}` === place)
        found.set(key, { place: { app, environment, service }, uses: [] })
    for (const one of hosts.flatMap((host) => limited.get(host)?.get(place) ?? [])) {
      const { app, environment, service } = one
      const key = serviceKey(one)
      const mine = found.get(key) ?? { place: { app, environment, service }, uses: [] }
      mine.uses.push(...usesOf(one))
      found.set(key, mine)
    }
    return found
  }

  #forget(kept: string[], silent: string[]): Statement[] {
    const keep = JSON.stringify([kept, silent])
    if (keep === this.#kept) return []
    this.#kept = keep
    return [deleteExcept('memory', kept, silent)]
  }
}

const limitedOf = (host: Host | null): Map<string, InstanceUsage[]> =>
  Map.groupBy(
    (host?.usage?.instances ?? []).filter((one) => one.limited),
    ({ app, environment }) => `${app}/${environment}`,
  )

const usesOf = ({ service, index, limited }: InstanceUsage): MemoryUse[] =>
  limited ? [{ service, index, ...limited }] : []

function set(place: Place, { said, since, reason }: Memory): Statement[] {
  const onset = said === 'degraded' ? { from: since, until: since } : null
  const finding = { state: said ?? 'unknown', reason, onset }
  return setMonitor({ ...place, kind: 'memory', name: 'memory' }, finding)
}
