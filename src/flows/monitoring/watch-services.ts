import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { deserialize, serialize } from 'node:v8'
import {
  addLatency,
  addPartLatencies,
  countOutcomes,
  type HostSecond,
  type Measurements,
  noLatency,
} from '#contract/host/measurements.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import { judgeClock } from '#domains/monitor/clock.ts'
import * as store from '#domains/monitor/store.ts'
import { addParts } from '#domains/signal/request-count.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { remoteEnvironments, watchedEnvironments } from '#views/watched.ts'
import { localHost } from '#flows/host/every-host.ts'
import type { SignalSource } from './store-signals.ts'
import { type ServiceSecond, ServiceWatch, watchedKinds, type WatchState } from './service-watch.ts'

export interface WatchServicesOptions {
  db: Database
  host: SignalSource
  /** names this server process */
  holder: string
  now(): number
  /** megabytes */
  disk(): Promise<{ free: number; floor: number }>
  /** called when a monitor changed */
  onChange(): void
}

interface Watched {
  watch: ServiceWatch
  app: string
  environment: string
  service: string
  /** the last second that it has judged, of the host process `run` */
  run: string
  next: number
  savedAt: number
}

/** Milliseconds between two saves of a detector; the host keeps 15 minutes. */
const saveEvery = 300_000
const checkEvery = 10_000
/** Milliseconds without an answer after which the host counts as down. A restart is shorter. */
const hostPatience = 15_000

/**
 * Judges each second of the host once. Detectors are saved with the number of the last second that
 * they know, so that another server goes on where this one ended.
 */
export class WatchServices {
  readonly #options: WatchServicesOptions
  #watched: Map<string, Watched> | null = null
  #environments = new Set<string>()
  /** those whose requests a host on another machine may get: few here say nothing of them */
  #remote = new Set<string>()
  #checkedAt = 0
  #answeredAt: number
  /** the last second that was read */
  #seen = { run: '', next: 0 }
  #isAway = true
  /** of the machine's clock; null before it is known */
  #clock: MonitorState | null = null

  constructor(options: WatchServicesOptions) {
    this.#options = options
    this.#answeredAt = options.now()
  }

  async run(): Promise<void> {
    const { db, host, now } = this.#options
    this.#watched ??= await this.#load()
    if (now() - this.#checkedAt >= checkEvery && !(await this.#check())) return
    const watched = this.#watched
    const measured = await this.#read(watched, host)
    if (measured === null) return this.#hostIsAway()
    const statements = [...(await this.#leave(watched)), ...this.#judge(watched, measured)]
    if (statements.length === 0) return
    try {
      await db.batch(statements)
    } catch (error) {
      this.#forget()
      throw error
    }
    this.#options.onChange()
  }

  /** What was not stored must be found again, from what is stored and the seconds since then. */
  #forget(): void {
    this.#watched = null
    this.#seen = { run: '', next: 0 }
    this.#isAway = true
  }

  async #load(): Promise<Map<string, Watched>> {
    const { db, holder, now } = this.#options
    await db.query(store.takeDetectors(localHost, holder))
    const found = (await store.listDetectors(db)).map((one) => {
      const state = readState(one.state)
      const watch = state ? new ServiceWatch(state) : new ServiceWatch()
      return [keyOf(one), { ...one, watch, savedAt: now() }] as const
    })
    this.#checkedAt = 0
    this.#clock = await store.getState(db, installation('clock'))
    return shareBudget(new Map(found))
  }

  /** Forgets environments that are gone, and notices a server that judges instead of this one. */
  async #check(): Promise<boolean> {
    const { db, holder, now, disk } = this.#options
    this.#checkedAt = now()
    if (!(await store.holdsDetectors(db, localHost, holder))) {
      this.#watched = null
      return false
    }
    const environments = await watchedEnvironments(db)
    this.#environments = new Set(environments.map(({ app, name }) => `${app}/${name}`))
    const { free, floor } = await disk()
    await db.batch([
      ...store.deleteMonitorsExcept(environments),
      ...store.setMonitor(installation('disk'), {
        state: free < floor ? 'down' : 'up',
        reason:
          free < floor ? `${Math.round(free)} MB are free; new work waits below ${floor} MB` : '',
        onset: null,
      }),
    ])
    for (const [key, one] of this.#watched ?? [])
      if (!this.#environments.has(environmentOf(one))) this.#watched?.delete(key)
    return true
  }

  /** Forgets environments that are on another machine now; their alerts end. */
  async #leave(watched: Map<string, Watched>): Promise<Statement[]> {
    const remote = await remoteEnvironments(this.#options.db)
    this.#remote = new Set(remote.map(environmentOf))
    const gone = new Set(remote.filter(({ isMoving }) => !isMoving).map(environmentOf))
    const left = [...watched].filter(([, one]) => gone.has(environmentOf(one)))
    for (const [key] of left) watched.delete(key)
    return left.flatMap(([, one]) => store.deleteWatch(one, watchedKinds))
  }

  async #read(watched: Map<string, Watched>, host: SignalSource): Promise<Measurements | null> {
    const all = [...watched.values()]
    const oldest = all.length === 0 ? this.#seen.next : Math.min(...all.map(({ next }) => next))
    try {
      const found = await host.measurements(oldest)
      const isNew = [this.#seen, ...all].some(({ run }) => run !== '' && run !== found.run)
      this.#answeredAt = this.#options.now()
      return isNew && oldest > 0 ? await host.measurements(0) : found
    } catch {
      return null
    }
  }

  async #hostIsAway(): Promise<void> {
    const { db, now, onChange } = this.#options
    if (now() - this.#answeredAt < hostPatience) return
    const reason = 'the host does not answer'
    const onset = { from: this.#answeredAt, until: now() }
    const statements = store.setMonitor(installation('host'), { state: 'down', reason, onset })
    for (const { app, environment, service, watch } of this.#watched?.values() ?? [])
      for (const kind of watch.kinds)
        statements.push(
          ...store.setMonitor(
            { app, environment, service, kind, name: kind },
            { state: 'unknown', reason, onset: null },
          ),
        )
    await db.batch(statements)
    this.#isAway = true
    onChange()
  }

  #judge(watched: Map<string, Watched>, { run, seconds }: Measurements): Statement[] {
    const statements: Statement[] = []
    const isBack = this.#isAway
    this.#isAway = false
    if (isBack)
      statements.push(
        ...store.setMonitor(installation('host'), { state: 'up', reason: '', onset: null }),
      )
    statements.push(...this.#judgeClock(seconds))
    for (const second of seconds) this.#judgeSecond(watched, run, second, statements)
    this.#seen = { run, next: seconds.at(-1)?.number ?? this.#seen.next }
    const now = this.#options.now()
    for (const one of watched.values()) {
      if (isBack)
        for (const judgement of one.watch.repeat(now)) this.#set(one, judgement, statements)
      if (now - one.savedAt < saveEvery) continue
      this.#save(one, statements)
    }
    return statements
  }

  #judgeClock(seconds: HostSecond[]): Statement[] {
    const usage = seconds.findLast((one) => one.usage)?.usage
    if (!usage) return []
    const { clockOffset } = usage.machine
    // Not every machine has NTP servers.
    if (clockOffset === undefined && this.#clock === null) return []
    const finding = judgeClock(clockOffset ?? null, this.#clock)
    if (finding.state === this.#clock) return []
    this.#clock = finding.state
    return store.setMonitor(installation('clock'), { ...finding, onset: null })
  }

  #judgeSecond(
    watched: Map<string, Watched>,
    run: string,
    second: HostSecond,
    statements: Statement[],
  ): void {
    for (const [key, counts] of servicesOf(second)) {
      const { app, environment, service } = counts
      const place = environmentOf(counts)
      if (watched.has(key) || !this.#environments.has(place) || this.#remote.has(place)) continue
      const watch = new ServiceWatch()
      const savedAt = this.#options.now()
      watched.set(key, { watch, app, environment, service, run, next: second.number - 1, savedAt })
      shareBudget(watched)
    }
    const counts = servicesOf(second)
    for (const [key, one] of watched) {
      if (one.run !== run) Object.assign(one, { run, next: 0 })
      if (one.next >= second.number) continue
      one.next = second.number
      if (this.#remote.has(environmentOf(one))) continue
      const mine = counts.get(key) ?? noCounts()
      const changed = one.watch.add({ ...mine, at: second.at })
      for (const judgement of changed) this.#set(one, judgement, statements)
      // Harm must survive this process.
      if (changed.length > 0) this.#save(one, statements)
    }
  }

  #set(
    { app, environment, service }: Watched,
    { kind, ...verdict }: ReturnType<ServiceWatch['add']>[number],
    statements: Statement[],
  ): void {
    const key = { app, environment, service, kind, name: kind }
    statements.push(...store.setMonitor(key, verdict))
  }

  #save(one: Watched, statements: Statement[]): void {
    const { app, environment, service, run, next } = one
    one.savedAt = this.#options.now()
    const state = deflateRawSync(serialize(one.watch.save()), { level: 1 })
    statements.push(store.saveDetector({ app, environment, service, run, next, state }))
  }
}

function shareBudget(watched: Map<string, Watched>): Map<string, Watched> {
  for (const { watch } of watched.values()) watch.share(watched.size)
  return watched
}

const installation = (kind: string): store.MonitorKey => ({
  ...{ app: null, environment: null, service: null, kind, name: kind },
})

const keyOf = ({ app, environment, service }: Pick<Watched, 'app' | 'environment' | 'service'>) =>
  `${app}/${environment}/${service}`

const environmentOf = ({ app, environment }: Pick<Watched, 'app' | 'environment'>): string =>
  `${app}/${environment}`

type ServiceCounts = Omit<ServiceSecond, 'at'> & Pick<Watched, 'app' | 'environment' | 'service'>

const noCounts = () => ({
  requests: 0,
  errors: 0,
  latency: noLatency(),
  routes: {},
  routeLatencies: {},
})

/** The counts of each service, over all of its releases. */
function servicesOf({ traffic }: HostSecond): Map<string, ServiceCounts> {
  const found = new Map<string, ServiceCounts>()
  for (const { app, environment, service, outcomes, latency, ...parts } of traffic) {
    const key = keyOf({ app, environment, service })
    let sum = found.get(key)
    if (!sum) {
      sum = { app, environment, service, ...noCounts() }
      found.set(key, sum)
    }
    const { requests, errors } = countOutcomes(outcomes)
    sum.requests += requests
    sum.errors += errors
    addLatency(sum.latency, latency)
    sum.routes = addParts(sum.routes, parts.routes ?? {})
    addPartLatencies(sum.routeLatencies, parts.routeLatencies ?? {})
  }
  return found
}

/** What another version of Fairlead saved is learnt anew. */
function readState(bytes: Buffer): WatchState | null {
  try {
    const state = deserialize(inflateRawSync(bytes)) as WatchState
    return state.version === 1 && state.errors.version === 1 && state.latency.version === 1
      ? state
      : null
  } catch {
    return null
  }
}
