import { visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Silence } from '#contract/alert/alert.ts'
import type { Caller } from '#contract/handler.ts'
import { numberOf, postableSilence, scopeOf, uuidOf } from '#domains/alert/alertmanager.ts'
import * as view from '#domains/alert/alertmanager-view.ts'
import { listTargets } from '#domains/alert/external-store.ts'
import { MatcherProblem } from '#domains/alert/matcher.ts'
import { announceSilence, announceSilenceEnd } from '#domains/alert/notification-store.ts'
import * as silences from '#domains/alert/silence-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { listPlaces } from '#views/places.ts'
import { isAllowed, notAllowed, parse } from './inbox.ts'

export interface AlertmanagerParts {
  db: Database
  publicUrl: string
  now(): number
}

export type Alertmanager = ReturnType<typeof createAlertmanager>

/** What tools of Alertmanager read, and the silences that they create. */
export function createAlertmanager({ db, publicUrl, now }: AlertmanagerParts) {
  const listAlerts = async (query: Record<string, unknown>, caller: Caller) => {
    const apps = visibleApps(caller)
    const asked = readable(() => view.alertQuery(query))
    const [targets, known] = await Promise.all([
      listTargets(db),
      silences.listRecentSilences(db, apps),
    ])
    const visible = targets.filter(({ app }) => apps === null || apps.includes(app ?? ''))
    return view.gettableAlerts(visible, known, { query: asked, publicUrl, now: now() })
  }
  const find = async (uuid: string, caller: Caller): Promise<Silence> => {
    const known = await silences.listRecentSilences(db, visibleApps(caller))
    const found = known.find(({ id }) => id === numberOf(uuid))
    if (!found) throw new FairleadError('not_found', { kind: 'silence', id: uuid })
    return found
  }
  const end = (silence: Silence, caller: Caller): Statement[] => {
    if (!isAllowed(caller, silence.app)) throw notAllowed(caller)
    if (Date.parse(silence.until) <= now()) return []
    return [
      silences.endSilence(silence.id),
      endedEvent(silence, caller),
      announceSilenceEnd(silence.id),
    ]
  }
  return {
    listAlerts,
    listGroups: async (query: Record<string, unknown>, caller: Caller) =>
      view.groupsOf(await listAlerts(query, caller)),
    listSilences: async (query: Record<string, unknown>, caller: Caller) => {
      const filter = readable(() => view.filterOf(query['filter']))
      const known = await silences.listRecentSilences(db, visibleApps(caller))
      return known
        .map((silence) => view.gettableSilence(silence, now()))
        .filter((silence) => view.satisfies(silence, filter))
    },
    getSilence: async (uuid: string, caller: Caller) =>
      view.gettableSilence(await find(uuid, caller), now()),
    /** Creates a silence; with the id of another one, it replaces that one. */
    postSilence: async (body: unknown, caller: Caller): Promise<string> => {
      const posted = parse(postableSilence, body)
      if (posted.endsAt <= Math.max(now(), posted.startsAt))
        throw new FairleadError('invalid_input', { field: 'endsAt', problem: 'is over already' })
      const apps = new Set((await listPlaces(db)).map(({ app }) => app))
      const scope = readable(() => scopeOf(posted.matchers, apps))
      if (!isAllowed(caller, scope.app)) throw notAllowed(caller)
      const former = posted.id ? await find(posted.id, caller) : null
      const id = await silences.nextSilence(db)
      const silence = {
        ...{ ...scope, id, actor: caller.name, reason: posted.comment },
        from: new Date(Math.max(posted.startsAt, now())).toISOString(),
        until: new Date(posted.endsAt).toISOString(),
      }
      await db.batch([
        ...(former ? end(former, caller) : []),
        silences.insertSilence(silence),
        createdEvent(silence, caller),
        ...(posted.startsAt > now() ? [announceSilence(id)] : []),
      ])
      return uuidOf(id)
    },
    deleteSilence: async (uuid: string, caller: Caller): Promise<void> => {
      const statements = end(await find(uuid, caller), caller)
      if (statements.length > 0) await db.batch(statements)
    },
  }
}

/** An invalid matcher is an error of the request. */
function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MatcherProblem)) throw error
    throw new FairleadError('invalid_input', { field: 'matchers', problem: error.message })
  }
}

const headOf = ({ id, app }: Pick<Silence, 'id' | 'app'>, caller: Caller) => ({
  ...{ subject: `silence/${id}`, actor: caller },
  ...(app === null ? { chain: 'server' } : { chain: `app/${app}`, app }),
})

export const endedEvent = (silence: Silence, caller: Caller): Statement =>
  appendEvent({ type: 'dev.cdeventsx.fairlead-silence.ended', ...headOf(silence, caller) })

export const createdEvent = (
  silence: Omit<Silence, 'created' | 'actor'>,
  caller: Caller,
): Statement => {
  const { environment, service, from, until, matchers, reason } = silence
  return appendEvent({
    type: 'dev.cdeventsx.fairlead-silence.created',
    ...headOf(silence, caller),
    data: { environment, service, from, until, matchers, reason },
  })
}
