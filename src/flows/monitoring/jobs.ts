import { every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { reconcileAlerts } from './alerts.ts'
import { type NotifyParts, sendNotifications } from './notify.ts'
import { findSuspects } from './owners.ts'
import { type SignalSource, storeSignals } from './store-signals.ts'
import { WatchServices } from './watch-services.ts'

export interface MonitoringOptions {
  deps: Dependencies
  host: SignalSource
  /** names this server process */
  replica: string
  notify: NotifyParts
  /** milliseconds */
  periods: { signals: number; monitors: number }
}

export interface Monitoring {
  jobs: BackgroundJob[]
  /** messages are due */
  wakeNotifications(): void
}

/** The jobs from a second of traffic to a message: each wakes the next one. */
export function monitoring({
  deps,
  host,
  replica,
  notify,
  periods,
}: MonitoringOptions): Monitoring {
  const { db, clock, disk, source } = deps
  const now = () => clock.now()
  const messages = sendNotifications(notify, periods.monitors)
  const alerts = every({
    name: 'reconcile-alerts',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () =>
      reconcileAlerts({
        ...{ db, now },
        findSuspects: (deployment) => findSuspects({ db, source }, deployment),
        onNotification: messages.wake,
      }),
  })
  const watch = new WatchServices({
    ...{ db, host, now, disk, onChange: alerts.wake },
    holder: replica,
  })
  const services = every({
    name: 'watch-services',
    interval: periods.monitors,
    claim: oneReplica(),
    run: () => watch.run(),
  })
  const signals = every({
    name: 'store-signals',
    interval: periods.signals,
    claim: oneReplica(),
    run: () => storeSignals(db, host),
  })
  return { jobs: [signals, services, alerts, messages], wakeNotifications: messages.wake }
}
