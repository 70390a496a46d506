import { visibleApps } from '#contract/access/grants.ts'
import type { Alert, AlertDetail, Channel, Silence } from '#contract/alert/alert.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { Refused } from '#domains/alert/channel.ts'
import * as channels from '#domains/alert/channel-store.ts'
import { testMessage } from '#domains/alert/message.ts'
import * as silences from '#domains/alert/silence-store.ts'
import * as store from '#domains/alert/store.ts'
import { listMonitors } from '#domains/monitor/store.ts'
import { announceEnd } from '#domains/alert/notification-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { channelKind, type NotifyParts, sendTo } from './notify.ts'

export interface AlertHandlersOptions extends NotifyParts {
  now(): number
  random(): string
  /** called when messages are due */
  onNotification(): void
}

type AlertEndpoints =
  | 'listMonitors'
  | 'listAlerts'
  | 'getAlert'
  | 'acknowledgeAlert'
  | 'resolveAlert'
  | 'listSilences'
  | 'createSilence'
  | 'endSilence'
  | 'listChannels'
  | 'putChannel'
  | 'deleteChannel'
  | 'testChannel'

export function alertHandlers(options: AlertHandlersOptions): SomeHandlers<AlertEndpoints> {
  const { db, now } = options
  return {
    listMonitors: async ({ query }, caller) => ({
      monitors: await listMonitors(db, { ...query, apps: visibleApps(caller) }),
    }),
    listAlerts: async ({ query }, caller) => {
      const alerts = await store.listAlerts(db, { ...query, apps: visibleApps(caller) })
      const next = alerts.length === query.limit ? (alerts.at(-1)?.id ?? null) : null
      return { alerts, next }
    },
    getAlert: ({ params }) => mustGet(db, params.alert),
    acknowledgeAlert: async ({ params, body }, caller) => {
      const alert = await mustBeOpen(db, params.alert)
      const until = new Date(now() + body.minutes * 60_000).toISOString()
      const text = `until ${until}${body.comment ? `: ${body.comment}` : ''}`
      await db.batch([
        store.acknowledge(alert.id, caller.name, until),
        store.addEntry(alert.id, 'acknowledged', text, caller.name),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.acknowledged',
          ...headOf(alert, caller),
          data: { ...factsOf(alert), until, comment: body.comment },
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
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.resolved',
          ...headOf(alert, caller),
          data: { ...factsOf(alert), reason: body.comment },
        }),
      ])
      options.onNotification()
      return mustGet(db, alert.id)
    },
    ...silenceHandlers(db, now),
    ...channelHandlers(options),
  }
}

function silenceHandlers(
  db: Database,
  now: () => number,
): SomeHandlers<'listSilences' | 'createSilence' | 'endSilence'> {
  return {
    listSilences: async ({ query }, caller) => ({
      silences: await silences.listSilences(db, { ...query, apps: visibleApps(caller) }),
    }),
    createSilence: async ({ params: { app }, body }, caller) => {
      const { environment = null, service = null, reason } = body
      const until = new Date(now() + body.minutes * 60_000).toISOString()
      const id = await silences.nextSilence(db)
      const [[stored] = []] = await db.batch([
        silences.insertSilence({
          ...{ id, app, environment, service, until, reason },
          actor: caller.name,
        }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-silence.created',
          ...{ subject: `silence/${id}`, chain: `app/${app}`, app, actor: caller },
          data: { environment, service, until, reason },
        }),
      ])
      return stored as unknown as Silence
    },
    endSilence: async ({ params: { app, silence } }, caller) => {
      const open = await silences.listSilences(db, { app, apps: null })
      if (!open.some(({ id }) => id === silence))
        throw new FairleadError('not_found', { kind: 'silence', id: silence })
      await db.batch([
        silences.endSilence(app, silence),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-silence.ended',
          ...{ subject: `silence/${silence}`, chain: `app/${app}`, app, actor: caller },
        }),
      ])
      return { done: true }
    },
  }
}

function channelHandlers({
  db,
  secrets,
  io,
  publicUrl,
  random,
}: AlertHandlersOptions): SomeHandlers<
  'listChannels' | 'putChannel' | 'deleteChannel' | 'testChannel'
> {
  return {
    listChannels: async () => ({ channels: await channels.listChannels(db) }),
    putChannel: async ({ params: { channel: name }, body }, caller) => {
      const kind = channelKind(body.kind)
      if (!kind) throw new FairleadError('not_found', { kind: 'kind of channel', id: body.kind })
      const parsed = kind.settings.safeParse(body.settings)
      if (parsed.error) {
        const [issue] = parsed.error.issues
        const field = ['settings', ...(issue?.path ?? [])].join('.')
        throw new FairleadError('invalid_input', { field, problem: issue?.message ?? 'is invalid' })
      }
      const settings = secrets.seal(channels.sealedAs(name), JSON.stringify(parsed.data))
      const { urgency, person = null } = body
      const [[stored] = []] = await db.batch([
        channels.putChannel({ name, kind: kind.kind, person, settings, urgency }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-channel.modified',
          ...subjectOf(name, caller),
          data: { kind: kind.kind, person, urgency },
        }),
      ])
      return stored as unknown as Channel
    },
    deleteChannel: async ({ params: { channel: name } }, caller) => {
      if (!(await channels.getChannel(db, name)))
        throw new FairleadError('not_found', { kind: 'channel', id: name })
      const type = 'dev.cdeventsx.fairlead-channel.deleted'
      await db.batch([
        channels.deleteChannel(name),
        appendEvent({ type, ...subjectOf(name, caller) }),
      ])
      return { done: true }
    },
    testChannel: async ({ params: { channel: name } }, caller) => {
      const tested = (problem: string | null): Statement =>
        appendEvent({
          type: 'dev.cdeventsx.fairlead-channel.tested',
          ...subjectOf(name, caller),
          data: { problem },
        })
      try {
        await sendTo({ db, secrets, io }, name, testMessage(publicUrl, `test-${random()}`))
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        await db.query(tested(error.message))
        throw new FairleadError('not_now', {
          why: `The channel ${name} did not accept the message: ${error.message}`,
        })
      }
      await db.batch([channels.markProven(name), tested(null)])
      return { done: true }
    },
  }
}

const subjectOf = (channel: string, caller: Caller) => ({
  ...{ subject: `channel/${channel}`, chain: 'server', actor: caller },
})

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
