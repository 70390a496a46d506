import { listSloMonitors, setChecked, syncMonitors } from '#domains/monitor/checked-store.ts'
import { countSeconds, type Indicator } from '#domains/slo/count.ts'
import { sloSettings, type WantedSlo, wantedSlos } from '#domains/slo/plan.ts'
import { addCounts, getPosition, readCounts } from '#domains/slo/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { definitionsOf, liveReleases } from '#views/watched.ts'
import { judgeSlo } from './judge-slo.ts'
import { type EveryHost, type NamedHost, withEveryHost } from '#flows/host/every-host.ts'
import type { SignalSource } from './store-signals.ts'

export interface WatchSlosOptions {
  db: Database
  hosts: EveryHost<SignalSource>
  /** milliseconds since 1970 */
  now(): number
  /** called when a state changed */
  onChange(): void
}

/** Milliseconds between two judgements, as the page of its monitor shows it. */
const every = 5000

/** Counts what the objectives of fairlead.yaml are about, and judges how fast budgets are used. */
export class WatchSlos {
  readonly #options: WatchSlosOptions
  /** the releases that the objectives come from, as JSON */
  #planned = ''

  constructor(options: WatchSlosOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    await this.#plan()
    const slos = await listSlos(this.#options.db)
    if (slos.length === 0) return
    // A host that is away has no new seconds; what was counted before is judged on.
    const indicators = slos.map(({ indicator }) => indicator)
    await withEveryHost(this.#options.hosts, (one) =>
      this.#count(one, indicators).catch(() => undefined),
    )
    await this.#judge(slos)
  }

  async #plan(): Promise<void> {
    const { db } = this.#options
    const live = await liveReleases(db)
    const text = JSON.stringify(live)
    if (text === this.#planned) return
    const releases = [...new Set(live.map(({ release }) => release))]
    const definitions = new Map(
      (await definitionsOf(db, releases)).map((one) => [one.release, one.definition]),
    )
    const wanted = live.flatMap((one) => wantedSlos(one, definitions.get(one.release)))
    await db.batch(syncMonitors(wanted.map(asMonitor), { isSlo: true }))
    this.#planned = text
  }

  async #count({ name, host }: NamedHost<SignalSource>, indicators: Indicator[]): Promise<void> {
    const { db } = this.#options
    const before = await getPosition(db, name)
    const { run, seconds } = await host.measurements(before?.next ?? 0)
    // Another host process numbers its seconds anew.
    const isSame = before === null || before.run === run
    const fresh = isSame ? seconds : (await host.measurements(0)).seconds
    const last = fresh.at(-1)
    if (!last) return
    const after = { run, next: last.number }
    await db.batch(addCounts(name, { before, after }, countSeconds(indicators, fresh)))
  }

  async #judge(slos: WatchedSlo[]): Promise<void> {
    const { db, now, onChange } = this.#options
    const statements: Statement[] = []
    let hasChanged = false
    for (const { monitor, settings, indicator } of slos) {
      const { over } = await readCounts(db, indicator, { window: settings.window, now: now() })
      const verdict = judgeSlo(settings, over, now())
      statements.push(...setChecked(monitor, verdict))
      hasChanged ||= verdict.state !== monitor.state
    }
    await db.batch(statements)
    if (hasChanged) onChange()
  }
}

type WatchedSlo = Awaited<ReturnType<typeof listSlos>>[number]

/** The objectives with their monitors, and what they are about. */
export async function listSlos(db: Database) {
  const monitors = await listSloMonitors(db)
  return monitors.flatMap((monitor) => {
    const settings = sloSettings.safeParse(monitor.check)
    if (!settings.success) return []
    const { app, environment, service } = monitor
    const indicator = { app, environment, service, below: settings.data.below }
    return [{ monitor, settings: settings.data, indicator }]
  })
}

const asMonitor = ({ settings, ...one }: WantedSlo) => ({
  ...{ ...one, kind: 'slo' },
  settings: { every, needs: [], check: settings },
})
