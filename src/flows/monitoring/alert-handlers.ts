import { visibleApps } from '#contract/access/grants.ts'
import type { Alert, AlertDetail } from '#contract/alert/alert.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { recordOf } from '#domains/alert/cause.ts'
import { listJudged } from '#domains/alert/cause-store.ts'
import { endReportsOf } from '#domains/alert/external-store.ts'
import * as escalation from '#domains/alert/escalation-store.ts'
import * as store from '#domains/alert/store.ts'
import { announceEnd } from '#domains/alert/notification-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { driftBefore } from '#views/drift.ts'
import { channelHandlers } from './channel-handlers.ts'
import type { NotifyParts } from './channel.ts'
import { silenceHandlers } from './silence-handlers.ts'

/** Days over which suspects are compared with authors. */
const recordDays = 90

export interface AlertHandlersOptions extends NotifyParts {
  now(): number
  random(): string
  /** fails when the app does not exist */
  getApp(app: string): Promise<unknown>
  /** called when messages are due */
  onNotification(): void
}

type AlertEndpoints =
  | 'listAlerts'
  | 'getAlert'
  | 'acknowledgeAlert'
  | 'passAlert'
  | 'resolveAlert'
  | 'getSuspectRecord'
  | 'listSilences'
  | 'createSilence'
  | 'endSilence'
  | 'listChannels'
  | 'listDeliveries'
  | 'putChannel'
  | 'deleteChannel'
  | 'testChannel'
  | 'addBrowser'

export function alertHandlers(options: AlertHandlersOptions): SomeHandlers<AlertEndpoints> {
  const { db, now } = options
  return {
    listAlerts: async ({ query }, caller) => {
      const alerts = await store.listAlerts(db, { ...query, apps: visibleApps(caller) })
      const next = alerts.length === query.limit ? (alerts.at(-1)?.id ?? null) : null
      return { alerts, next }
    },
    getAlert: async ({ params }) => ({
      ...(await mustGet(db, params.alert)),
      drift: await driftBefore(db, params.alert),
    }),
    acknowledgeAlert: async ({ params, body }, caller) => {
      const alert = await mustBeOpen(db, params.alert)
      const until = new Date(now() + body.minutes * 60_000).toISOString()
      const text = `until ${until}${body.comment ? `: ${body.comment}` : ''}`
      await db.batch([
        store.acknowledge(alert.id, caller.name, until),
        escalation.dropPending(alert.id, `${caller.name} acknowledged the alert`),
        store.addEntry(alert.id, 'acknowledged', text, caller.name),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.acknowledged',
          ...headOf(alert, caller),
          data: { ...factsOf(alert), until, comment: body.comment },
        }),
      ])
      return mustGet(db, alert.id)
    },
    passAlert: async ({ params, body: { comment } }, caller) => {
      const alert = await mustBeOpen(db, params.alert)
      await db.batch([
        ...escalation.pass(alert.id, caller.name),
        store.addEntry(alert.id, 'passed', comment || 'it is not theirs', caller.name),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.passed',
          ...headOf(alert, caller),
          data: { ...factsOf(alert), comment },
        }),
      ])
      return mustGet(db, alert.id)
    },
    resolveAlert: async ({ params, body }, caller) => {
      const alert = await mustBeOpen(db, params.alert)
      await db.batch([
        store.resolve(alert.id, caller.name),
        store.addEntry(alert.id, 'resolved', body.comment || 'resolved by hand', caller.name),
        announceEnd(alert.id),
        endReportsOf(alert.id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.resolved',
          ...headOf(alert, caller),
          data: { ...factsOf(alert), reason: body.comment },
        }),
      ])
      options.onNotification()
      return mustGet(db, alert.id)
    },
    getSuspectRecord: async ({ params: { app } }) => {
      await options.getApp(app)
      return recordOf(await listJudged(db, app, recordDays), recordDays)
    },
    ...silenceHandlers(options),
    ...channelHandlers(options),
  }
}

const headOf = ({ id, app }: Alert, caller: Caller) => ({
  ...{ subject: `alert/${id}`, chain: app === null ? 'server' : `app/${app}`, actor: caller },
  ...(app === null ? {} : { app }),
})

const factsOf = ({ environment, service, title }: Alert) => ({ environment, service, title })

async function mustGet(db: Database, id: number): Promise<AlertDetail> {
  const found = await store.getDetail(db, id)
  if (!found) throw new FairleadError('not_found', { kind: 'alert', id })
  return found
}

async function mustBeOpen(db: Database, id: number): Promise<AlertDetail> {
  const alert = await mustGet(db, id)
  if (alert.resolved !== null)
    throw new FairleadError('not_now', { why: `Alert ${id} is resolved already` })
  return alert
}
