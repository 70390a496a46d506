import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '#contract/monitor/check.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { HostMonitor } from '#contract/host/monitors.ts'
import { frozenUntil } from '#domains/deployment/permission.ts'
import * as store from '#domains/monitor/checked-store.ts'
import { createHeartbeats } from '#domains/monitor/heartbeat-store.ts'
import { type CheckedMonitor, judgeChecks, type Needed } from '#domains/monitor/judge.ts'
import { monitorKind, wantedMonitors } from '#domains/monitor/plan.ts'
import { localHost } from '#flows/host/every-host.ts'
import { Checks } from '#platform/monitor/checks.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { definitionsOf, liveReleases } from '#views/watched.ts'
import { CheckOnHosts, type CheckOnHostsOptions } from './check-on-hosts.ts'
import { HostVotes, hostsOf } from './host-votes.ts'
import { checkOf, isOwn, keyOf, neededBy, placeOf, unknownResult } from './planned-check.ts'
import { type ServerCheckParts, serverIo } from './server-io.ts'

export interface CheckMonitorsOptions extends ServerCheckParts, CheckOnHostsOptions {
  random(): number
  /** called with every monitor whose state changed, after it is stored */
  onChange(changes: MonitorChange[]): void
}

/** A change of state, with what breaks the rule of an invariant. */
export interface MonitorChange {
  monitor: CheckedMonitor
  state: MonitorState
  reason: string
  entities: string[]
}

/** Milliseconds between two looks at what is live, and between two notes of when was checked. */
const planEvery = 2000
const noteEvery = 10_000
const parallel = 20

/**
 * Checks and judges the monitors of fairlead.yaml. The host that runs an environment checks those
 * that need the network or the release.
 */
export class CheckMonitors {
  readonly #options: CheckMonitorsOptions
  readonly #own: Checks<HostMonitor>
  readonly #onHosts: CheckOnHosts
  #monitors = new Map<number, CheckedMonitor>()
  #results = new Map<number, CheckResult>()
  /** the releases that the monitors come from, as JSON */
  #planned = ''
  #plannedAt = -Infinity
  /** the hosts that check each monitor */
  #hosts = new Map<number, string[]>()
  readonly #votes = new HostVotes()
  #ownNext = 0
  #notedAt = 0
  #unnoted = new Set<number>()

  constructor(options: CheckMonitorsOptions) {
    this.#options = options
    this.#onHosts = new CheckOnHosts(options)
    this.#own = new Checks<HostMonitor>({
      ...{ now: options.now, random: options.random, parallel },
      check: async (one, signal) => {
        const kind = monitorKind(one.kind)
        const settings = kind?.settings.safeParse(one.settings)
        if (!kind?.onServer || !settings?.success)
          return { state: 'unknown', reason: `this server cannot check ${one.kind}` }
        const monitor = this.#monitors.get(one.id)
        if (!monitor) return { state: 'unknown', reason: '' }
        return kind.onServer(settings.data, serverIo(options, monitor, signal))
      },
    })
  }

  async run(): Promise<void> {
    const { now } = this.#options
    if (now() - this.#plannedAt >= planEvery) await this.#plan()
    this.#own.tick()
    await this.#readHosts()
    for (const result of this.#own.after(this.#ownNext)) this.#take(result, localHost)
    this.#ownNext = this.#own.last
    await this.#judge()
  }

  /** Makes the monitors those of what is live. */
  async #plan(): Promise<void> {
    const { db, now } = this.#options
    this.#plannedAt = now()
    const live = await liveReleases(db)
    const text = JSON.stringify(live)
    if (text !== this.#planned) {
      const releases = [...new Set(live.map(({ release }) => release))]
      const definitions = new Map(
        (await definitionsOf(db, releases)).map((one) => [one.release, one.definition]),
      )
      const wanted = live.flatMap((one) => wantedMonitors(one, definitions.get(one.release)))
      const heartbeats = wanted.filter(({ kind }) => kind === 'heartbeat')
      await db.batch([
        ...store.syncMonitors(wanted, { isSlo: false }),
        createHeartbeats(
          heartbeats.map(({ app, environment, name }) => ({ app, environment, name })),
        ),
      ])
      this.#planned = text
    }
    const all = await store.listChecked(db)
    this.#monitors = new Map(all.map((one) => [one.id, one]))
    for (const id of this.#results.keys()) if (!this.#monitors.has(id)) this.#results.delete(id)
    const checks = all.map((one) => ({ one, check: checkOf(one, all), isOwn: isOwn(one) }))
    this.#own.set(checks.flatMap(({ check, isOwn: mine }) => (mine ? [check] : [])))
    const places = new Map(live.map((one) => [placeOf(one), one.host ?? localHost]))
    this.#place(
      checks.filter(({ isOwn: mine }) => !mine),
      (one) => places.get(placeOf(one)) ?? localHost,
    )
  }

  /** Tells hosts what they check. */
  #place(
    checks: { one: CheckedMonitor; check: HostMonitor }[],
    placeOf: (one: CheckedMonitor) => string,
  ): void {
    const names = this.#options.hosts.remotes().map(({ name }) => name)
    this.#hosts = new Map(checks.map(({ one }) => [one.id, hostsOf(one, placeOf(one), names)]))
    const several = checks.filter(({ one }) => one.settings.from !== undefined)
    this.#votes.set(new Map(several.map(({ one: { id } }) => [id, this.#hosts.get(id) ?? []])))
    const byHost = new Map([localHost, ...names].map((host): [string, HostMonitor[]] => [host, []]))
    for (const { check } of checks)
      for (const host of this.#hosts.get(check.id) ?? []) {
        const theirs = byHost.get(host)
        if (theirs) theirs.push(check)
        else this.#take(unknownResult(check.id, this.#options.now(), 'there is no such host'), host)
      }
    this.#onHosts.set(new Map([...byHost].filter(([, theirs]) => theirs.length > 0)))
  }

  async #readHosts(): Promise<void> {
    for (const { host, results } of await this.#onHosts.read()) {
      // After a move, the former host still has results.
      const ids = new Set([...this.#hosts].flatMap(([id, all]) => (all.includes(host) ? id : [])))
      for (const result of results ?? []) if (ids.has(result.id)) this.#take(result, host)
      if (results === null)
        for (const id of ids) {
          const unknown = unknownResult(id, this.#options.now(), 'the host does not answer')
          if (this.#votes.has(id)) this.#take(unknown, host)
          else this.#results.set(id, unknown)
        }
    }
  }

  #take(found: CheckResult, host: string): void {
    const monitor = this.#monitors.get(found.id)
    if (!monitor) return
    const result = this.#votes.has(found.id) ? this.#votes.add(monitor, host, found) : found
    if (result === null) return
    this.#results.set(result.id, result)
    this.#unnoted.add(result.id)
  }

  async #judge(): Promise<void> {
    const { db, now, onChange } = this.#options
    const byName = new Map([...this.#monitors.values()].map((one) => [keyOf(one), one]))
    const statements: Statement[] = []
    const changes: MonitorChange[] = []
    for (const monitor of this.#monitors.values()) {
      const result = this.#results.get(monitor.id) ?? null
      const needed = neededBy(monitor, byName).map((one): Needed => ({
        monitor: one,
        result: this.#results.get(one.id) ?? null,
      }))
      const frozen = frozenUntil(monitor.settings.maintenance, now())
      const maintenance = frozen && (frozen.reason || 'it was announced')
      const hosts = this.#votes.shown(monitor.id, monitor.hosts)
      const isMoved = !isDeepStrictEqual(hosts, monitor.hosts)
      if (isMoved) statements.push(store.setHosts(monitor, hosts))
      monitor.hosts = hosts
      const verdict = judgeChecks(monitor, result, needed, { maintenance, now: now() })
      if (verdict === null) continue
      if (verdict.state === monitor.state) {
        const { reason, entities } = verdict
        if (reason !== monitor.reason || !isDeepStrictEqual(entities, monitor.entities))
          statements.push(store.setReason(monitor, verdict))
        Object.assign(monitor, { reason, entities })
        continue
      }
      statements.push(...store.setChecked(monitor, verdict))
      const { state, reason, entities } = verdict
      Object.assign(monitor, { state, reason, entities })
      if (verdict.state === 'up') monitor.firing = false
      if (verdict.state === 'down' || verdict.state === 'degraded') monitor.firing = true
      changes.push({ monitor, ...verdict })
    }
    statements.push(...this.#note(now()))
    if (statements.length > 0) await db.batch(statements)
    if (changes.length > 0) onChange(changes)
  }

  #note(now: number): Statement[] {
    if (now - this.#notedAt < noteEvery || this.#unnoted.size === 0) return []
    const results = [...this.#unnoted].flatMap((id) => this.#results.get(id) ?? [])
    this.#unnoted = new Set()
    this.#notedAt = now
    return [store.noteChecks(results)]
  }
}
