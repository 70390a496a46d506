import type { HostSecond } from '#contract/host/measurements.ts'
import type { StatusChange, StatusTheme } from '#contract/status-page/status-page.ts'
import { listMaintenance } from '#domains/maintenance/store.ts'
import { votingKinds } from '#domains/status-page/component.ts'
import { historyDays } from '#domains/status-page/history.ts'
import type { Shown } from '#domains/status-page/shown.ts'
import { listPages } from '#domains/status-page/page-store.ts'
import { keepComponents, listShown, setConfirmed, setShown } from '#domains/status-page/store.ts'
import { isOver } from '#flows/maintenance/sync.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import {
  pageChanges,
  pageEnvironments,
  pageMaintenances,
  pageMonitors,
} from '#views/status-page.ts'
import { findComponent, type FoundComponent, scopedComponents } from './components.ts'
import { CountedImpacts } from './counted-impacts.ts'
import { pagesOf } from './pages.ts'
import { updateIncidents } from './updates.ts'

export interface ConfirmOptions {
  db: Database
  host: Pick<HostClient, 'status' | 'measurements' | 'setStatusPages'>
  /** whether readers can subscribe a chat or a webhook */
  canSubscribeUrl: boolean
  /** whether readers can subscribe by e-mail */
  canSubscribe: boolean
  /** the look of pages without a look of their own */
  theme?: StatusTheme | undefined
  /** the port of the edge of this machine */
  edgePort: number
  /** milliseconds since 1970 */
  now(): number
}

/** Milliseconds between two confirmations without a change. */
const confirmEvery = 15_000
/** Milliseconds without a check of the disk after which monitors are no longer judged. */
const watchPatience = 45_000
/** Seconds of traffic that the share of failed requests is about. */
const shareSeconds = 60
/** Days for which maintenance that ended stays on the page. */
const maintenanceDays = 14

/** Sends the host what the status page shows, and confirms that this is still true. */
export class ConfirmStatusPage {
  readonly #options: ConfirmOptions
  readonly #impacts = new CountedImpacts()
  #sent = { text: '', at: -Infinity }
  /** the seconds of the host that were read last */
  #seconds: { run: string; kept: HostSecond[]; next: number } = { run: '', kept: [], next: 0 }

  constructor(options: ConfirmOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { db, host, now } = this.#options
    const status = await host.status()
    const seconds = await this.#read()
    const components = scopedComponents(await pageEnvironments(db))
    const names = components.flatMap(({ scope }) => scope.monitors)
    const [monitors, stored, pages] = await Promise.all([
      pageMonitors(db, votingKinds, names),
      listShown(db),
      listMaintenance(db),
    ])
    const watch = monitors.find(({ app, kind }) => app === null && kind === 'disk')
    // Nobody watches: what the monitors found before is no confirmation.
    if ((watch?.age ?? Infinity) > watchPatience) return
    const at = now()
    const maintained = pages.filter((page) => !isOver(page, at))
    const facts = { monitors, status, seconds, stored, maintained }
    await this.#send(
      components.map((one) => findComponent(one, facts, at)),
      stored.length,
      at,
    )
  }

  /** The page is stored after the host has it, so the history is what was shown. */
  async #send(found: FoundComponent[], storedCount: number, at: number): Promise<void> {
    const { db, host } = this.#options
    const changed = found.filter(({ before, shown }) => !isSameShown(before, shown))
    const facts = found.map(({ shown, ...one }) => ({ ...one, state: shown.state }))
    const [stored, announced, settings] = await Promise.all([
      pageChanges(db, historyDays),
      pageMaintenances(db, maintenanceDays),
      listPages(db),
    ])
    const changes = changesOf(found, stored)
    const incidents = await updateIncidents(db, {
      ...{ components: facts, pages: settings, changes, impacts: this.#impacts, now: at },
    })
    const pages = pagesOf(settings, { found, changes, announced, incidents, at }, this.#options)
    const text = JSON.stringify(pages)
    const isDue = at - this.#sent.at >= confirmEvery
    if (text !== this.#sent.text || isDue) await host.setStatusPages(pages)
    this.#sent = { text, at: text !== this.#sent.text || isDue ? at : this.#sent.at }
    const statements = changed.flatMap((one) => setShown(one, one.shown, one.changes))
    if (isDue) statements.push(setConfirmed(at))
    if (storedCount > found.length || changed.length > 0) statements.push(keepComponents(found))
    if (statements.length > 0) await db.batch(statements)
  }

  async #read(): Promise<HostSecond[]> {
    const { run, next, kept } = this.#seconds
    const found = await this.#options.host.measurements(next)
    const isSameRun = found.run === run
    const recent = [...(isSameRun ? kept : []), ...found.seconds].slice(-shareSeconds)
    // Numbers begin again with each host process, so those before `next` are read once more.
    this.#seconds = isSameRun
      ? { run, kept: recent, next: found.next }
      : { run: found.run, kept: [], next: 0 }
    return recent
  }
}

const isSameShown = (a: Shown | null, b: Shown): boolean =>
  a !== null &&
  a.state === b.state &&
  a.since === b.since &&
  a.pending?.kind === b.pending?.kind &&
  a.pending?.since === b.pending?.since

/** What has changed just now, before what was stored. */
const changesOf = (found: FoundComponent[], stored: StatusChange[]): StatusChange[] => [
  ...found
    .flatMap(({ app, environment, component, changes }) =>
      changes.map(({ state, since }) => ({
        ...{ app, environment, component, state },
        since: new Date(since).toISOString(),
      })),
    )
    .toReversed(),
  ...stored,
]
