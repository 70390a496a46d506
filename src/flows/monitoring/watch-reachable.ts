import type { LiveRelease } from '#domains/deployment/crash-loop.ts'
import type { InstanceReport } from '#domains/deployment/target.ts'
import { addSeen, type Reachable, seeInstances } from '#domains/monitor/reachable.ts'
import { deleteExcept, setMonitor } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { watchedEnvironments } from '#views/watched.ts'

/** A live release with what its target reports; null when it does not answer. */
export type SeenRelease = Omit<LiveRelease, 'instances'> & { instances: InstanceReport[] | null }

export interface WatchReachableOptions {
  db: Database
  now(): number
}

/**
 * Watches whether each service with traffic has an instance that answers, so that a service that
 * hangs is noticed without a single request.
 */
export class WatchReachable {
  readonly #options: WatchReachableOptions
  #known = new Map<string, Reachable & Place>()
  #kept = ''

  constructor(options: WatchReachableOptions) {
    this.#options = options
  }

  async run(live: SeenRelease[]): Promise<void> {
    const { db, now } = this.#options
    const watched = new Set((await watchedEnvironments(db)).map(environmentOf))
    const releases = live.filter((one) => watched.has(placeOf(one)))
    const seen = releases.flatMap((one) => this.#servicesOf(one))
    const known = new Map<string, Reachable & Place>()
    const statements: Statement[] = []
    for (const { place, instances } of seen) {
      const key = Object.values(place).join('/')
      const before = this.#known.get(key)
      const after = addSeen(before, seeInstances(instances), now())
      known.set(key, { ...after, ...place })
      if (after.said === null || after.said === before?.said) continue
      const isHarm = after.said === 'down' || after.said === 'degraded'
      const onset = isHarm ? { from: after.since, until: after.since } : null
      const finding = { state: after.said, reason: after.reason, onset }
      statements.push(...setMonitor({ ...place, kind: 'reachable', name: 'reachable' }, finding))
    }
    const kept = [...known.keys()].toSorted()
    const silent = releases.filter(({ instances }) => instances === null).map(placeOf)
    const keep = JSON.stringify([kept, silent])
    if (keep !== this.#kept) statements.push(deleteExcept('reachable', kept, silent))
    if (statements.length > 0) await db.batch(statements)
    this.#known = known
    this.#kept = keep
  }

  /** A release whose target does not answer has the services that it had before. */
  #servicesOf({ app, environment, instances }: SeenRelease): Seen[] {
    if (instances === null)
      return [...this.#known.values()].flatMap((one) =>
        one.app === app && one.environment === environment
          ? [{ place: { app, environment, service: one.service }, instances: null }]
          : [],
      )
    const open = instances.filter(({ port }) => port !== null)
    return [...Map.groupBy(open, ({ service }) => service)].map(([service, mine]) => ({
      place: { app, environment, service },
      instances: mine,
    }))
  }
}

interface Place {
  app: string
  environment: string
  service: string
}

interface Seen {
  place: Place
  instances: InstanceReport[] | null
}

const placeOf = ({ app, environment }: SeenRelease): string => `${app}/${environment}`
const environmentOf = ({ app, name }: { app: string; name: string }): string => `${app}/${name}`
