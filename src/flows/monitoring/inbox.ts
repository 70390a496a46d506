import { may, visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { postableAlert, postableAlerts, reportOf } from '#domains/alert/alertmanager.ts'
import { cloudEvent, reportOfCloudEvent } from '#domains/alert/cloud-event.ts'
import { hashOfKey, placeOf, type Place, type Report } from '#domains/alert/external.ts'
import * as store from '#domains/alert/external-store.ts'
import {
  changeOfEvent,
  pagerdutyChange,
  pagerdutyEvent,
  reportOfEvent,
} from '#domains/alert/pagerduty-event.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listPlaces } from '#views/places.ts'
import type { z } from 'zod'

export interface InboxParts {
  db: Database
  now(): number
  random(): string
  /** acknowledges an alert in the name of the caller */
  acknowledge(alert: number, caller: Caller): Promise<unknown>
}

export type Inbox = ReturnType<typeof createInbox>

/** Receives what other tools report: alerts, and changes outside of Fairlead. */
export function createInbox({ db, now, random, acknowledge }: InboxParts) {
  /** Stores reports of places for which the caller may act; returns how many were refused. */
  const put = async (reports: Report[], caller: Caller): Promise<number> => {
    const places = await listPlaces(db)
    const placed = reports.map((report) => ({
      report,
      place: placeOf(report.labels, places, onlyApp(caller)),
    }))
    const allowed = placed.filter(({ place }) => isAllowed(caller, place.app))
    if (allowed.length > 0) await db.query(store.putReports(allowed))
    return placed.length - allowed.length
  }
  const putAll = async (reports: Report[], caller: Caller): Promise<void> => {
    const refused = await put(reports, caller)
    if (refused > 0) throw notAllowed(caller)
  }
  return {
    /** Every valid alert of a list is stored, also when others are not valid. */
    postAlerts: async (body: unknown, caller: Caller): Promise<void> => {
      const posted = parse(postableAlerts, body).map((one) => postableAlert.safeParse(one))
      const valid = posted.flatMap(({ data }) => (data ? [reportOf(data, now())] : []))
      const refused = await put(valid, caller)
      const at = posted.findIndex(({ success }) => !success)
      if (at !== -1) throw invalid(posted[at]?.error, `body.${at}`)
      if (refused > 0) throw notAllowed(caller)
    },
    /** One event of PagerDuty; returns its key. */
    enqueue: async (body: unknown, caller: Caller): Promise<string> => {
      const event = parse(pagerdutyEvent, body)
      const key = event.dedup_key || random()
      const sender = senderOf(caller)
      const report = reportOfEvent(event, { sender, key, now: now() })
      if (event.event_action === 'trigger') {
        if (report) await putAll([report], caller)
        return key
      }
      const hashed = hashOfKey(sender, key)
      const firing = await store.getFiring(db, 'pagerduty', hashed)
      if (!firing) return key
      if (!isAllowed(caller, firing.app)) throw notAllowed(caller)
      if (event.event_action === 'resolve') await db.query(store.endReport('pagerduty', hashed))
      else if (firing.alert !== null) await acknowledge(firing.alert, caller)
      return key
    },
    /** One change event of PagerDuty. */
    enqueueChange: async (body: unknown, caller: Caller): Promise<void> => {
      const change = changeOfEvent(parse(pagerdutyChange, body), now())
      const place: Place = placeOf(change.labels, await listPlaces(db), onlyApp(caller))
      const { app } = place
      if (!isAllowed(caller, app)) throw notAllowed(caller)
      const id = await store.nextChange(db)
      const { summary, source, link } = change
      await db.batch([
        store.insertChange(id, change, place),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-externalchange.reported',
          subject: `external-change/${id}`,
          ...(app === null ? { chain: 'server' } : { chain: `app/${app}`, app }),
          ...{ actor: caller, data: { summary, source, link } },
        }),
      ])
    },
    /** CloudEvents, in any mode: one, or a list. */
    postEvents: async (body: unknown, caller: Caller): Promise<void> => {
      const events = (Array.isArray(body) ? body : [body]).map((one) => parse(cloudEvent, one))
      const sender = senderOf(caller)
      await putAll(
        events.map((event) => reportOfCloudEvent(event, sender, now())),
        caller,
      )
    },
  }
}

/** The role that may silence alerts of an app may report them. */
export const isAllowed = (caller: Caller, app: string | null): boolean =>
  may(caller, 'developer', app)

export const notAllowed = (caller: Caller): FairleadError =>
  new FairleadError('not_this_app', { apps: visibleApps(caller)?.join(', ') || 'none' })

/** The app of a caller who may act for one app only. */
function onlyApp(caller: Caller): string | null {
  const apps = visibleApps(caller)
  return apps?.length === 1 ? (apps[0] ?? null) : null
}

/** Keys belong to a token, so that two tools cannot resolve what the other one reported. */
const senderOf = ({ user, by }: Caller): string =>
  `${user ?? ''}/${by.credential === 'token' ? by.name : by.credential}`

export function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  throw invalid(result.error, 'body')
}

function invalid(error: z.ZodError | undefined, where: string): FairleadError {
  const [issue] = error?.issues ?? []
  const field = [where, ...(issue?.path.map(String) ?? [])].join('.')
  return new FairleadError('invalid_input', { field, problem: issue?.message ?? 'is invalid' })
}
