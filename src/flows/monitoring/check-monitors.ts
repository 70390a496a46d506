import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '#contract/monitor/check.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { HostMonitor, HostMonitors } from '#contract/host/monitors.ts'
import { frozenUntil } from '#domains/deployment/permission.ts'
import * as store from '#domains/monitor/checked-store.ts'
import { createHeartbeats } from '#domains/monitor/heartbeat-store.ts'
import { type CheckedMonitor, judgeChecks, type Needed } from '#domains/monitor/judge.ts'
import { monitorKind, wantedMonitors } from '#domains/monitor/plan.ts'
import { Checks } from '#platform/monitor/checks.ts'
import { isOnServer } from '#platform/monitor/monitor-kind.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { definitionsOf, liveReleases } from '#views/watched.ts'
import { type ServerCheckParts, serverIo } from './server-io.ts'

/** Where monitors may connect to, and what proves that a host is connected. */
export type MonitorPolicy = Pick<HostMonitors, 'privateHosts' | 'allowAddresses' | 'references'>

export interface CheckMonitorsOptions extends ServerCheckParts {
  host: Pick<HostClient, 'setMonitors' | 'monitors'>
  policy: MonitorPolicy
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
/** Milliseconds without an answer after which nothing is known of what the host checks. */
const hostPatience = 15_000
const parallel = 20

/** Checks and judges the monitors of fairlead.yaml; the host checks those that need the network. */
export class CheckMonitors {
  readonly #options: CheckMonitorsOptions
  readonly #own: Checks<HostMonitor>
  #monitors = new Map<number, CheckedMonitor>()
  #results = new Map<number, CheckResult>()
  /** the releases that the monitors come from, as JSON */
  #planned = ''
  #plannedAt = -Infinity
  #wanted: HostMonitors
  #seen = { run: '', next: 0, own: 0 }
  #answeredAt: number
  #notedAt = 0
  #unnoted = new Set<number>()

  constructor(options: CheckMonitorsOptions) {
    this.#options = options
    this.#answeredAt = options.now()
    this.#wanted = { version: '', ...options.policy, monitors: [] }
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
    await this.#readHost()
    for (const result of this.#own.after(this.#seen.own)) this.#take(result)
    this.#seen.own = this.#own.last
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
    const checks = all.map((one) => ({ check: checkOf(one, all), isOwn: isOwn(one) }))
    this.#own.set(checks.flatMap(({ check, isOwn: mine }) => (mine ? [check] : [])))
    const monitors = checks.flatMap(({ check, isOwn: mine }) => (mine ? [] : [check]))
    const body = { ...this.#options.policy, monitors }
    const version = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)
    this.#wanted = { version, ...body }
  }

  async #readHost(): Promise<void> {
    const { host, now } = this.#options
    const { run, next } = this.#seen
    try {
      let found = await host.monitors(next)
      if (found.version !== this.#wanted.version) await host.setMonitors(this.#wanted)
      if (found.run !== run) found = await host.monitors(0)
      this.#seen = { ...this.#seen, run: found.run, next: found.next }
      this.#answeredAt = now()
      for (const result of found.results) this.#take(result)
    } catch {
      if (now() - this.#answeredAt < hostPatience) return
      for (const one of this.#monitors.values())
        if (!isOwn(one)) this.#results.set(one.id, unknownResult(one.id, now()))
    }
  }

  #take(result: CheckResult): void {
    if (!this.#monitors.has(result.id)) return
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
      const verdict = judgeChecks(monitor, result, needed, { maintenance, now: now() })
      if (verdict === null) continue
      if (verdict.state === monitor.state) {
        if (!isDeepStrictEqual(verdict.entities, monitor.entities))
          statements.push(store.setEntities(monitor, verdict))
        monitor.entities = verdict.entities
        continue
      }
      statements.push(...store.setChecked(monitor, verdict))
      monitor.entities = verdict.entities
      monitor.state = verdict.state
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

const keyOf = ({ app, environment, name }: CheckedMonitor): string =>
  `${app}/${environment}/${name}`

const neededBy = (
  { app, environment, settings }: CheckedMonitor,
  byName: Map<string, CheckedMonitor>,
): CheckedMonitor[] =>
  settings.needs.flatMap((name) => byName.get(`${app}/${environment}/${name}`) ?? [])

function isOwn({ kind, settings }: CheckedMonitor): boolean {
  const found = monitorKind(kind)
  const parsed = found?.settings.safeParse(settings.check)
  return !found || !parsed?.success || isOnServer(found, parsed.data)
}

function checkOf(monitor: CheckedMonitor, all: CheckedMonitor[]): HostMonitor {
  const { id, app, environment, service, kind, settings } = monitor
  const { every, timeout, failures, recoveries, needs, check } = settings
  const needed = needs.length === 0 ? [] : neededBy(monitor, new Map(all.map((o) => [keyOf(o), o])))
  return {
    ...{ id, app, environment, service, kind, every, timeout, settings: check },
    confirm: Math.max(failures, recoveries),
    needs: needed.map((one) => one.id),
  }
}

const unknownResult = (id: number, at: number): CheckResult => ({
  ...{ id, at, number: 0, streak: 1, since: at, before: null, took: 0, entities: [] },
  ...{ state: 'unknown', reason: 'the host does not answer' },
})
