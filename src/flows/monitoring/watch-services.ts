import type { MonitorState } from '#contract/monitor/monitor.ts'
import { judgeClock } from '#domains/monitor/clock.ts'
import * as store from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { hostsOfEnvironments, watchedEnvironments } from '#views/watched.ts'
import { type EveryHost, localHost } from '#flows/host/every-host.ts'
import { HostSeconds, serviceKey } from './host-seconds.ts'
import type { Judgement } from './service-watch.ts'
import type { SignalSource } from './store-signals.ts'
import { WatchMemory, type WatchedPlace } from './watch-memory.ts'
import { type NamedSeconds, WatchedService } from './watched-service.ts'

export interface WatchServicesOptions {
  db: Database
  hosts: EveryHost<SignalSource>
  /** names this server process */
  holder: string
  now(): number
  /** megabytes */
  disk(): Promise<{ free: number; floor: number }>
  /** called when a monitor changed */
  onChange(): void
}

/** Milliseconds between two saves of a detector; the host keeps 15 minutes. */
const saveEvery = 300_000
const checkEvery = 10_000
/** Milliseconds without an answer after which the local host is down. A restart is shorter. */
const hostPatience = 15_000

/**
 * Judges each second of the hosts once; those of several hosts of an environment are added before.
 * Detectors are saved with the number of the last second of each host that they know, so that
 * another server goes on where this one ended.
 */
export class WatchServices {
  readonly #options: WatchServicesOptions
  #watched: Map<string, WatchedService> | null = null
  #environments = new Set<string>()
  /** the hosts of environments with something that is, or becomes, live */
  #hostsOf = new Map<string, string[]>()
  readonly #streams = new Map<string, HostSeconds>()
  #memory = new WatchMemory()
  #checkedAt = 0
  #isLocalAway = true
  /** of the machine's clock; null before it is known */
  #clock: MonitorState | null = null

  constructor(options: WatchServicesOptions) {
    this.#options = options
  }

  #stream = (source: SignalSource): HostSeconds => new HostSeconds(source, this.#options.now)

  async run(): Promise<void> {
    const { db, now } = this.#options
    this.#watched ??= await this.#load()
    if (now() - this.#checkedAt >= checkEvery && !(await this.#check())) return
    await this.#locate()
    await Promise.all([...this.#streams.values()].map((one) => one.update()))
    const statements = [
      ...this.#judgeMachine(),
      ...this.#judge(this.#watched),
      ...this.#memory.judge(this.#places(), now()),
    ]
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
    this.#isLocalAway = true
  }

  async #load(): Promise<Map<string, WatchedService>> {
    const { db, hosts, holder, now } = this.#options
    // All seconds that the hosts keep are read again.
    this.#streams.clear()
    this.#streams.set(localHost, this.#stream(hosts.local))
    await db.query(store.takeDetectors(localHost, holder))
    const found = (await store.listDetectors(db)).map(
      (stored) => [serviceKey(stored), new WatchedService(stored, now(), { stored })] as const,
    )
    this.#checkedAt = 0
    this.#memory = new WatchMemory()
    this.#clock = await store.getState(db, installation('clock'))
    return shareBudget(new Map(found))
  }

  /** Forgets environments that are gone, and notices a server that judges instead. */
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

  /** Finds the hosts of each environment, and reads from those that have one. */
  async #locate(): Promise<void> {
    const { db, hosts } = this.#options
    const found = await hostsOfEnvironments(db, localHost)
    this.#hostsOf = new Map(found.map((one) => [environmentOf(one), one.hosts]))
    const wanted = new Set([localHost, ...found.flatMap((one) => one.hosts)])
    for (const name of this.#streams.keys()) if (!wanted.has(name)) this.#streams.delete(name)
    for (const { name, host } of hosts.remotes())
      if (wanted.has(name) && !this.#streams.has(name)) this.#streams.set(name, this.#stream(host))
  }

  /** Whether the local host answers, and its clock. */
  #judgeMachine(): Statement[] {
    const { now } = this.#options
    const { answeredAt, answers, usage } = this.#streams.get(localHost)!
    if (now() - answeredAt >= hostPatience) {
      this.#isLocalAway = true
      const onset = { from: answeredAt, until: now() }
      const reason = 'the host does not answer'
      return store.setMonitor(installation('host'), { state: 'down', reason, onset })
    }
    const statements = usage ? this.#judgeClock(usage.machine.clockOffset) : []
    if (!this.#isLocalAway || !answers) return statements
    this.#isLocalAway = false
    const back = store.setMonitor(installation('host'), { state: 'up', reason: '', onset: null })
    return [...back, ...statements]
  }

  #judgeClock(clockOffset: number | null | undefined): Statement[] {
    // Not every machine has NTP servers.
    if (clockOffset === undefined && this.#clock === null) return []
    const finding = judgeClock(clockOffset ?? null, this.#clock)
    if (finding.state === this.#clock) return []
    this.#clock = finding.state
    return store.setMonitor(installation('clock'), { ...finding, onset: null })
  }

  #judge(watched: Map<string, WatchedService>): Statement[] {
    const statements: Statement[] = []
    const now = this.#options.now()
    this.#discover(watched)
    for (const one of watched.values()) {
      const { judgements, hasChanged } = one.judge(this.#secondsOf(environmentOf(one)), now)
      for (const judgement of judgements) statements.push(...set(one, judgement))
      // Harm must survive this process.
      if (hasChanged || now - one.savedAt >= saveEvery)
        statements.push(store.saveDetector(one.save(now)))
    }
    for (const stream of this.#streams.values()) stream.forgetOld()
    return statements
  }

  #places(): WatchedPlace[] {
    return [...this.#environments].map((place) => [
      place,
      this.#secondsOf(place).map(([, seconds]) => seconds),
    ])
  }

  #secondsOf(place: string): NamedSeconds[] {
    const names = this.#hostsOf.get(place) ?? [localHost]
    return names.map((name) => [name, this.#streams.get(name) ?? null])
  }

  /** Watches services that get their first request. */
  #discover(watched: Map<string, WatchedService>): void {
    for (const [name, stream] of this.#streams)
      for (const [time, { services }] of stream.takeFresh())
        for (const [key, one] of services) {
          const place = environmentOf(one)
          if (watched.has(key) || !this.#environments.has(place)) continue
          if (!(this.#hostsOf.get(place) ?? [localHost]).includes(name)) continue
          watched.set(key, new WatchedService(one, this.#options.now(), { after: time - 1 }))
          shareBudget(watched)
        }
  }
}

function set({ app, environment, service }: WatchedService, { kind, ...found }: Judgement) {
  return store.setMonitor({ app, environment, service, kind, name: kind }, found)
}

function shareBudget(watched: Map<string, WatchedService>): Map<string, WatchedService> {
  for (const { watch } of watched.values()) watch.share(watched.size)
  return watched
}

const installation = (kind: string): store.MonitorKey => ({
  ...{ app: null, environment: null, service: null, kind, name: kind },
})

const environmentOf = (one: { app: string; environment: string }): string =>
  `${one.app}/${one.environment}`
