import { visibleApps } from '#contract/access/grants.ts'
import type { Silence } from '#contract/alert/alert.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { announceSilence, announceSilenceEnd } from '#domains/alert/notification-store.ts'
import { listAllEnvironments } from '#domains/deployment/store.ts'
import * as silences from '#domains/alert/silence-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listPlaces } from '#views/places.ts'
import { createdEvent, endedEvent } from './alertmanager.ts'

export interface SilenceHandlersOptions {
  db: Database
  now(): number
  /** throws when the app does not exist */
  getApp(app: string): Promise<unknown>
  /** called when messages are due */
  onNotification(): void
}

/** Lists, creates and ends silences. */
export function silenceHandlers({
  db,
  now,
  getApp,
  onNotification,
}: SilenceHandlersOptions): SomeHandlers<'listSilences' | 'createSilence' | 'endSilence'> {
  return {
    listSilences: async ({ query }, caller) => ({
      silences: await silences.listSilences(db, { ...query, apps: visibleApps(caller) }),
    }),
    createSilence: async ({ params: { app }, body }, caller) => {
      await getApp(app)
      const { environment = null, service = null, reason } = body
      await mustBePlace(db, { app, environment, service })
      const begins = body.from === undefined ? now() : Date.parse(body.from)
      const ends = begins + body.minutes * 60_000
      if (ends <= now())
        throw new FairleadError('invalid_input', {
          field: 'body.from',
          problem: 'is so early that the silence would have ended already',
        })
      const [from, until] = [new Date(begins).toISOString(), new Date(ends).toISOString()]
      const id = await silences.nextSilence(db)
      const silence = { id, app, environment, service, from, until, matchers: [], reason }
      const [[stored] = []] = await db.batch([
        silences.insertSilence({ ...silence, actor: caller.name }),
        createdEvent(silence, caller),
        ...(begins > now() ? [announceSilence(id)] : []),
      ])
      onNotification()
      return stored as unknown as Silence
    },
    endSilence: async ({ params: { silence: id } }, caller) => {
      const silence = await silences.getSilence(db, id)
      if (!silence) throw new FairleadError('not_found', { kind: 'silence', id })
      await db.batch([silences.endSilence(id), endedEvent(silence, caller), announceSilenceEnd(id)])
      onNotification()
      return { done: true }
    },
  }
}

/**
 * A silence of a place that does not exist would silence nothing, and nobody would notice. An alert
 * may be about a service that is not deployed here, or no longer.
 */
async function mustBePlace(
  db: Database,
  {
    app,
    environment,
    service,
  }: { app: string; environment: string | null; service: string | null },
): Promise<void> {
  if (await silences.hasAlert(db, { app, environment, service })) return
  if (environment !== null) {
    const found = await listAllEnvironments(db, app)
    if (!found.some(({ name }) => name === environment))
      throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${environment}` })
  }
  if (service === null) return
  const services = (await listPlaces(db)).flatMap((one) => (one.app === app ? one.services : []))
  // The services of an app that was never deployed are not known yet.
  if (services.length > 0 && !services.includes(service))
    throw new FairleadError('not_found', { kind: 'service', id: `${app}/${service}` })
}
