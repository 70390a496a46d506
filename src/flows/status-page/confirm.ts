import type { HostStatus } from '#contract/host/status.ts'
import type { HostSecond } from '#contract/host/measurements.ts'
import type {
  StatusComponent,
  StatusChange,
  StatusPage,
} from '#contract/status-page/status-page.ts'
import { componentState, detailOf, type Vote, votingKinds } from '#domains/status-page/component.ts'
import { historyDays, historyOf } from '#domains/status-page/history.ts'
import { pageSettings } from '#domains/status-page/settings.ts'
import { nextShown, type Shown, type ShownChange } from '#domains/status-page/shown.ts'
import {
  type ComponentKey,
  keepComponents,
  listShown,
  setConfirmed,
  setShown,
} from '#domains/status-page/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import {
  pageChanges,
  pageEnvironments,
  pageMaintenances,
  pageMonitors,
} from '#views/status-page.ts'
import { publicIncidents, updateIncidents } from './updates.ts'
import { failingShare, healthVotes, monitorVotes } from './votes.ts'

export interface ConfirmOptions {
  db: Database
  host: Pick<HostClient, 'status' | 'measurements' | 'setStatusPage'>
  /** whether readers can subscribe by e-mail */
  canSubscribe: boolean
  /** milliseconds since 1970 */
  now(): number
}

interface Found extends ComponentKey {
  name: string
  /** milliseconds for which words wait for a person */
  wait: number
  before: Shown | null
  shown: Shown
  changes: ShownChange[]
  detail: string
}

/** Milliseconds between two confirmations without a change. */
const confirmEvery = 15_000
/** Milliseconds without a check of the disk after which monitors are no longer judged. */
const watchPatience = 45_000
/** Seconds of traffic that the share of failed requests is about. */
const shareSeconds = 60
const mostChanges = 100
/** Days for which maintenance that ended stays on the page. */
const maintenanceDays = 14

/** Sends the host what the status page shows, and confirms that this is still true. */
export class ConfirmStatusPage {
  readonly #options: ConfirmOptions
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
    const [environments, monitors, stored] = await Promise.all([
      pageEnvironments(db),
      pageMonitors(db, votingKinds),
      listShown(db),
    ])
    const watch = monitors.find(({ app, kind }) => app === null && kind === 'disk')
    // Nobody watches: what the monitors found before is no confirmation.
    if ((watch?.age ?? Infinity) > watchPatience) return
    const at = now()
    const found = environments.flatMap(({ app, environment, status: settings }) => {
      const { show, name, wait } = pageSettings(app, settings)
      if (!show) return []
      const key = { app, environment }
      const before = stored.find((one) => isSame(one, key))?.shown ?? null
      const votes = votesOf(key, monitors, status, at)
      return [judge({ ...key, name, wait, before }, votes, failingShare(seconds, key), at)]
    })
    await this.#send(found, stored.length, at)
  }

  /** The page is stored after the host has it, so the history is what was shown. */
  async #send(found: Found[], storedCount: number, at: number): Promise<void> {
    const { db, host } = this.#options
    const changed = found.filter(({ before, shown }) => !isSameShown(before, shown))
    const facts = found.map(({ shown, ...one }) => ({ ...one, state: shown.state }))
    const [stored, announced, told] = await Promise.all([
      pageChanges(db, historyDays),
      pageMaintenances(db, maintenanceDays),
      updateIncidents(db, facts, at),
    ])
    const changes = changesOf(found, stored)
    const page = {
      ...pageOf(found, changes, at),
      subscribe: this.#options.canSubscribe,
      incidents: publicIncidents(told, changes, at),
      maintenances: announced.filter((one) => found.some((component) => isSame(component, one))),
    }
    const text = JSON.stringify(page)
    const isDue = at - this.#sent.at >= confirmEvery
    if (text !== this.#sent.text || isDue) await host.setStatusPage(page)
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

const isSame = (a: ComponentKey, b: ComponentKey): boolean =>
  a.app === b.app && a.environment === b.environment

const isSameShown = (a: Shown | null, b: Shown): boolean =>
  a !== null &&
  a.state === b.state &&
  a.since === b.since &&
  a.pending?.kind === b.pending?.kind &&
  a.pending?.since === b.pending?.since

const votesOf = (
  key: ComponentKey,
  monitors: Parameters<typeof monitorVotes>[0],
  status: HostStatus,
  at: number,
): Vote[] => [...monitorVotes(monitors, key), ...healthVotes(status, key, at)]

function judge(
  { before, ...key }: Pick<Found, 'app' | 'environment' | 'name' | 'wait' | 'before'>,
  votes: Vote[],
  failing: number | null,
  at: number,
): Found {
  const { shown, changes } = nextShown(before, componentState(votes), at)
  // An instance that is down has no time of its own: the page shows since when.
  const timed = votes.map((vote) =>
    vote.kind === 'health' ? { ...vote, since: shown.since } : vote,
  )
  return { ...key, before, shown, changes, detail: detailOf(shown.state, timed, failing) }
}

/** What has changed just now, before what was stored. */
const changesOf = (found: Found[], stored: StatusChange[]): StatusChange[] => [
  ...found
    .flatMap(({ app, environment, changes }) =>
      changes.map(({ state, since }) => ({ app, environment, state, since: isoOf(since) })),
    )
    .toReversed(),
  ...stored,
]

function pageOf(
  found: Found[],
  changes: StatusChange[],
  at: number,
): Pick<StatusPage, 'components' | 'changes'> {
  return {
    components: found.map(({ app, environment, name, shown, detail }): StatusComponent => {
      const own = changes.filter((one) => isSame(one, { app, environment }))
      const times = own.map(({ state, since }) => ({ state, since: Date.parse(since) }))
      const history = historyOf(times, at)
      // A page that changed with every second would be sent with every second.
      const uptime = history.uptime === null ? null : Math.floor(history.uptime * 1e4) / 1e4
      return {
        ...{ app, environment, name, detail, uptime, days: history.days },
        ...{ state: shown.state, since: isoOf(shown.since) },
      }
    }),
    changes: changes
      .filter((change) => found.some((one) => isSame(one, change)))
      .toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since))
      .slice(0, mostChanges),
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
