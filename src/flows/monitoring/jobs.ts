import type { StatusTheme } from '#contract/status-page/status-page.ts'
import { randomBytes } from 'node:crypto'
import { eachReplica, every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { ConfirmStatusPage } from '#flows/status-page/confirm.ts'
import { askSubscribers, serveSubscribers } from '#flows/status-page/self-subscription.ts'
import { sendStatusUpdates } from '#flows/status-page/deliver.ts'
import { syncMaintenance } from '#flows/maintenance/sync.ts'
import { syncScale } from '#flows/scale/sync.ts'
import { syncSwitches } from '#flows/switch/sync.ts'
import { withEveryHost } from '#flows/host/every-host.ts'
import type { Hosts } from '#flows/host/hosts.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { reconcileAlerts } from './alerts.ts'
import { recordCauses } from './causes.ts'
import { CheckMonitors } from './check-monitors.ts'
import type { MonitorPolicy } from './check-on-hosts.ts'
import type { NotifyParts } from './channel.ts'
import { sendNotifications } from './notify.ts'
import { findSuspects } from './owners.ts'
import { type RosterPolicy, ShareRoster, type ShareRosterParts } from './roster.ts'
import { readFromTarget, ScrapeMetrics } from './scrape-metrics.ts'
import { lastMinutes, type SignalSource, storeSignals } from './store-signals.ts'
import { WatchSlos } from './watch-slos.ts'
import { WatchHosts } from './watch-hosts.ts'
import { WatchServices } from './watch-services.ts'

/** Milliseconds between two looks at alerts that are over. */
const causesMs = 60_000
/** Milliseconds after which another replica judges, if this one was killed while it waited. */
const watchLeaseMs = 5000
/** Milliseconds between two rosters for the host. */
const rosterMs = 30_000

export interface MonitoringOptions {
  deps: Dependencies
  host: SignalSource &
    Pick<HostClient, 'setMonitors' | 'monitors' | 'switches' | 'setSwitches' | 'setRoster'> &
    Pick<
      HostClient,
      'status' | 'setStatusPages' | 'takeStatusRequests' | 'setMaintenance' | 'setScale'
    >
  /** the hosts on other machines */
  remotes: Pick<Hosts, 'sync' | 'all' | 'named'>
  /** where monitors may connect to */
  policy: MonitorPolicy
  roster: Pick<RosterPolicy, 'after' | 'servers'> & Pick<ShareRosterParts, 'hostSecret'>
  /** names this server process */
  replica: string
  notify: NotifyParts
  /** what readers of the status page may make the server do */
  readers: { fetch: typeof fetch; canSubscribeUrl: boolean }
  /** the look of the status page */
  theme: StatusTheme | undefined
  /** milliseconds */
  periods: { signals: number; monitors: number }
}

export interface Monitoring {
  jobs: BackgroundJob[]
  /** messages are due */
  wakeNotifications(): void
  /** the status page has something new to show */
  wakeStatusPage(): void
}

/** The jobs from a second of traffic to a message: each wakes the next one. */
export function monitoring({
  deps,
  host,
  remotes,
  policy,
  roster,
  replica,
  notify,
  readers,
  theme,
  periods,
}: MonitoringOptions): Monitoring {
  const { db, clock, disk, source } = deps
  const now = () => clock.now()
  const hosts = { local: host, remotes: () => remotes.named() }
  const messages = sendNotifications(notify, periods.monitors)
  const alerts = every({
    name: 'reconcile-alerts',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () =>
      reconcileAlerts({
        ...{ db, now },
        findSuspects: (deployment, failing) => findSuspects({ db, source }, deployment, failing),
        readMachine: () => lastMinutes(db, host),
        onNotification: messages.wake,
      }),
  })
  const canMail = notify.io.mail !== null
  const confirm = new ConfirmStatusPage({
    ...{ db, host, now, canSubscribe: canMail, canSubscribeUrl: readers.canSubscribeUrl },
    ...{ theme, edgePort: deps.home.edgePort },
  })
  const page = every({
    name: 'confirm-status-page',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => confirm.run(),
  })
  const places = { address: deps.statusPage, edgePort: deps.home.edgePort }
  const toCustomers = { ...notify, ...places, readerFetch: readers.fetch }
  const deliveries = sendStatusUpdates(toCustomers, periods.monitors)
  const questions = askSubscribers(toCustomers, periods.monitors)
  const subscribers = every({
    name: 'serve-subscribers',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => serveSubscribers({ parts: toCustomers, host, random: () => randomBytes(32) }),
  })
  const watch = new WatchServices({
    ...{ db, hosts, now, disk },
    onChange: () => {
      page.wake()
      alerts.wake()
    },
    holder: replica,
  })
  const services = every({
    name: 'watch-services',
    // The host answers as soon as it has the next second, so that a run waits most of the time.
    interval: periods.monitors / 2,
    claim: oneReplica(watchLeaseMs),
    run: () => watch.run(),
  })
  const watchedHosts = new WatchHosts({ db, hosts: remotes, now, onChange: alerts.wake })
  const machines = every({
    name: 'watch-hosts',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => watchedHosts.run(),
  })
  const switches = every({
    name: 'sync-switches',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () => syncSwitches({ db, hosts }),
  })
  const maintenance = every({
    name: 'sync-maintenance',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () => syncMaintenance({ db, hosts, now }),
  })
  const scale = every({
    name: 'sync-scale',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () => syncScale({ db, hosts }),
  })
  const checks = new CheckMonitors({
    ...{ db, hosts, now, policy, random: Math.random, fetch: deps.egress.fetch },
    onChange: () => {
      switches.wake()
      page.wake()
      alerts.wake()
    },
  })
  const monitors = every({
    name: 'check-monitors',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () => checks.run(),
  })
  const causes = every({
    name: 'record-causes',
    interval: causesMs,
    claim: oneReplica(),
    run: () => recordCauses({ db, source }),
  })
  const signals = every({
    name: 'store-signals',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => withEveryHost(hosts, (one) => storeSignals(db, one)),
  })
  const slos = new WatchSlos({ db, hosts, now, onChange: alerts.wake })
  const objectives = every({
    name: 'watch-slos',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => slos.run(),
  })
  const scraper = new ScrapeMetrics({ db, now, log: deps.log, read: readFromTarget(deps) })
  const metrics = every({
    name: 'scrape-metrics',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => scraper.run(),
  })
  const { privateHosts, allowAddresses } = policy
  const { hostSecret, ...when } = roster
  const rosters = new ShareRoster({
    ...{ ...notify, host, hostSecret, now, onNotification: messages.wake },
    policy: { ...when, privateHosts, allowAddresses },
  })
  const share = every({
    name: 'share-roster',
    interval: roster.after === 0 ? rosterMs : Math.min(rosterMs, roster.after / 6),
    claim: eachReplica,
    run: () => rosters.run(),
  })
  const watching = [signals, metrics, services, monitors, machines, switches, maintenance, scale]
  return {
    jobs: [...watching, objectives, alerts, messages, causes, share, page, subscribers].concat(
      deliveries,
      questions,
    ),
    wakeNotifications: messages.wake,
    wakeStatusPage: page.wake,
  }
}
