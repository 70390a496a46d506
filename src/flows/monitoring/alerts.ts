import type { Channel, Suspect } from '#contract/alert/alert.ts'
import { listChannels } from '#domains/alert/channel-store.ts'
import * as notifications from '#domains/alert/notification-store.ts'
import { recipientsOf } from '#domains/alert/recipients.ts'
import { type Action, explain, type Firing, reconcile } from '#domains/alert/reconcile.ts'
import * as store from '#domains/alert/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { firingSources, type FiringRow, recentlyLive } from '#views/watched.ts'

export interface AlertsParts {
  db: Database
  now(): number
  /** who may have caused what a deployment explains */
  findSuspects(deployment: number | null): Promise<Suspect[]>
  /** called when messages are due */
  onNotification(): void
}

/**
 * Opens, joins, resolves and reopens alerts by what fires now, and queues their messages. It keeps
 * no state: a repetition, on any server, changes nothing.
 */
export async function reconcileAlerts(parts: AlertsParts): Promise<void> {
  const { db, now } = parts
  const rows = await firingSources(db)
  const [known, live] = await Promise.all([
    store.listKnown(db),
    rows.length > 0 ? recentlyLive(db) : [],
  ])
  const firing = rows.map((row) => firingOf(row, live))
  for (const action of reconcile(known, firing, now())) await act(parts, action)
  const due = await notifications.listUnannounced(db)
  if (due.length === 0) return
  const channels = await listChannels(db)
  for (const one of due) await announce(db, one, channels)
  parts.onNotification()
}

function firingOf(
  { source, app, environment, service, kind, name, reason, from, until, isLast }: FiringRow,
  live: Awaited<ReturnType<typeof recentlyLive>>,
): Firing {
  const onset = { from: Date.parse(from), until: Date.parse(until) }
  const here = live
    .filter((one) => one.app === app && one.environment === environment)
    .map((one) => ({ id: one.id, live: Date.parse(one.live) }))
  return {
    ...{ source, app, environment, service, reason, onset },
    title: titleOf(kind, name, { app, environment, service }),
    urgency: isLast ? 'high' : 'low',
    deployment: explain(onset, here),
  }
}

function titleOf(
  kind: string,
  name: string,
  { app, environment, service }: Pick<Firing, 'app' | 'environment' | 'service'>,
): string {
  const ofApp = service ? ` of ${app ?? ''}` : ''
  const place = `${service ?? app ?? ''} in ${environment ?? ''}${ofApp}`
  const titles: Record<string, string> = {
    errors: `${place} fails requests`,
    latency: `${place} is slow`,
    traffic: `${place} gets fewer requests than usual`,
    restarts: `${place} crashes again and again`,
    rollback: `The rollback of ${place} failed`,
    host: 'The host does not answer',
    disk: 'The disk of the installation is almost full',
  }
  return titles[kind] ?? `${name} of ${place} is down`
}

async function act(parts: AlertsParts, action: Action): Promise<void> {
  const { db } = parts
  if (action.kind === 'open') return open(parts, action.sources)
  if (action.kind === 'end')
    return void (await db.batch([
      store.endSource(action.alert, action.source),
      store.addEntry(action.alert, 'ended', `${action.source} has ended`),
    ]))
  const alert = await store.getAlert(db, action.alert)
  if (!alert) return
  const event = eventOf(alert)
  if (action.kind === 'join')
    await db.batch([
      ...store.addSource(alert.id, action.source),
      store.addEntry(alert.id, 'joined', `${action.source.title}: ${action.source.reason}`),
    ])
  else if (action.kind === 'resolve') {
    await db.batch([
      store.resolve(alert.id, null),
      store.addEntry(alert.id, 'resolved', 'everything that fired has ended'),
      notifications.announceEnd(alert.id),
      event('dev.cdeventsx.fairlead-alert.resolved', 'everything that fired has ended'),
    ])
    parts.onNotification()
  } else {
    const reason = action.kind === 'expire' ? 'the acknowledgement expired' : action.source.reason
    await db.batch([
      store.reopen(alert.id),
      ...(action.kind === 'reopen' ? store.addSource(alert.id, action.source) : []),
      store.addEntry(alert.id, action.kind === 'expire' ? 'expired' : 'reopened', reason),
      event('dev.cdeventsx.fairlead-alert.reopened', reason),
    ])
  }
}

async function open({ db, findSuspects }: AlertsParts, sources: Firing[]): Promise<void> {
  const [first] = sources
  if (!first) return
  const id = await store.nextAlert(db)
  const suspects = await findSuspects(first.deployment)
  const { app, environment, service, title, urgency, reason } = first
  await db.batch([
    store.insertAlert(id, first, suspects),
    ...sources.flatMap((source) => store.addSource(id, source)),
    ...sources.map((one) => store.addEntry(id, 'opened', `${one.title}: ${one.reason}`)),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-alert.opened',
      subject: `alert/${id}`,
      chain: app === null ? 'server' : `app/${app}`,
      ...(app === null ? {} : { app }),
      data: { environment, service, title, urgency, reason },
    }),
  ])
}

const eventOf =
  ({
    id,
    app,
    environment,
    service,
    title,
  }: NonNullable<Awaited<ReturnType<typeof store.getAlert>>>) =>
  (
    type: 'dev.cdeventsx.fairlead-alert.resolved' | 'dev.cdeventsx.fairlead-alert.reopened',
    reason: string,
  ): Statement =>
    appendEvent({
      ...{ type, subject: `alert/${id}`, chain: app === null ? 'server' : `app/${app}` },
      ...(app === null ? {} : { app }),
      data: { environment, service, title, reason },
    })

async function announce(
  db: Database,
  one: notifications.Unannounced,
  channels: Channel[],
): Promise<void> {
  const alert = await store.getAlert(db, one.id)
  if (!alert) return
  const { recipients, missing } = recipientsOf(alert.urgency, alert.suspects, channels)
  const notes = [
    ...missing.map((name) => `${name} was not notified: they have no channel`),
    ...(recipients.length === 0 ? ['nobody was notified: no channel gets this alert'] : []),
  ]
  await db.batch([
    ...notifications.announce(one, recipients),
    ...notes.map((text) => store.addEntry(one.id, 'unnotified', text)),
  ])
}
