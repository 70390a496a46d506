import { visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { IncidentUpdates } from '#contract/status-page/endpoints.ts'
import { affectedBy, isHarm, namesText } from '#domains/status-page/affected.ts'
import { historyDays } from '#domains/status-page/history.ts'
import { listPages } from '#domains/status-page/page-store.ts'
import { phaseOf, titleOf, type Words } from '#domains/status-page/update.ts'
import { isSameComponent, listShown } from '#domains/status-page/store.ts'
import { queueDeliveries } from '#domains/status-page/subscription-store.ts'
import * as store from '#domains/status-page/update-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import {
  pageChanges,
  pageEnvironments,
  type PageIncident,
  pageIncidents,
} from '#views/status-page.ts'
import { scopedComponents } from './components.ts'
import { incidentDays, incidentPages, namedFacts, publicIncident } from './updates.ts'

export interface UpdateHandlersOptions {
  db: Database
  /** milliseconds since 1970 */
  now(): number
  /** called when the page has something new to show */
  onUpdate(): void
}

type UpdateEndpoints = 'listStatusUpdates' | 'postStatusUpdate' | 'discardStatusDraft'

/** What people tell customers about incidents. */
export function updateHandlers(options: UpdateHandlersOptions): SomeHandlers<UpdateEndpoints> {
  const { db, now, onUpdate } = options
  return {
    listStatusUpdates: async (_input, caller) => {
      const apps = visibleApps(caller)
      const known = (await pageIncidents(db, incidentDays)).filter(
        ({ app }) => apps === null || apps.includes(app),
      )
      return { incidents: await readAll(options, known) }
    },
    postStatusUpdate: async ({ params, body }, caller) => {
      const incident = await mustGet(options, params.incident)
      const updates = await store.listUpdates(db, [incident.id])
      const { pages, components } = await mustRead(options, incident)
      const words = await wordsOf(db, incident, { updates, pages }, body)
      const promised = body.next === undefined ? null : now() + body.next * 60_000
      if (promised !== null && words.phase === 'resolved')
        throw invalid('next', 'must not be set for an incident that is resolved')
      const draft = updates.find(({ state }) => state === 'draft')
      const id = draft?.id ?? (await store.nextUpdateId(db))
      const { app, environment, occurrence } = incident
      const by = { author: caller.name, now: now(), promised, pages }
      const writes = [
        ...store.publish({ id, incident: incident.id, occurrence }, words, by),
        queueDeliveries(id, { app, components }, pages),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-status.updated',
          ...headOf(incident.id, app, caller),
          data: {
            environment,
            ...words,
            promised: promised === null ? null : new Date(promised).toISOString(),
          },
        }),
      ]
      await db.batch(writes).catch(async (error: unknown) => {
        throw (await isDecided(db, incident.id, id)) ? overtaken(incident.id) : error
      })
      onUpdate()
      return mustRead(options, incident)
    },
    discardStatusDraft: async ({ params }, caller) => {
      const incident = await mustGet(options, params.incident)
      const draft = (await store.listUpdates(db, [incident.id])).find(
        ({ state }) => state === 'draft',
      )
      if (!draft)
        throw new FairleadError('not_now', { why: `Incident ${incident.id} has no draft` })
      const { title, phase } = draft
      await db.batch([
        store.discardDraft(incident.id, caller.name),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-status.discarded',
          ...headOf(incident.id, incident.app, caller),
          data: { environment: incident.environment, title, phase },
        }),
      ])
      return mustRead(options, incident)
    },
  }
}

const headOf = (incident: number, app: string, actor: Caller) => ({
  ...{ subject: `incident/${incident}`, chain: `app/${app}`, app, actor },
})

const invalid = (field: string, problem: string): FairleadError =>
  new FairleadError('invalid_input', { field, problem })

/** Whether somebody, or the server itself, has published or discarded a draft meanwhile. */
async function isDecided(db: Database, incident: number, draft: number): Promise<boolean> {
  const updates = await store.listUpdates(db, [incident])
  return updates.some(({ id, state }) => id === draft && state !== 'draft')
}

const overtaken = (incident: number): FairleadError =>
  new FairleadError('not_now', {
    why:
      `The draft about incident ${incident} was published or discarded meanwhile: ` +
      'read what customers know now, and publish your update again if they need it',
  })

/** What a person publishes: their own words, otherwise those of the draft. */
async function wordsOf(
  db: Database,
  incident: PageIncident,
  { updates, pages }: { updates: store.UpdateRow[]; pages: string[] },
  body: { [K in keyof Words]?: Words[K] | undefined },
): Promise<Words> {
  const draft = updates.find(({ state }) => state === 'draft')
  const last = updates.findLast(({ state }) => state === 'published')
  const isRead = last !== undefined && pages.every((name) => last.pages.includes(name))
  const text = body.text ?? draft?.text
  if (text === undefined) throw invalid('text', 'is needed, because there is no draft')
  const isBack = last?.phase === 'resolved' && incident.over === null
  const current = isBack ? undefined : last?.phase
  return {
    text,
    phase: body.phase ?? draft?.phase ?? current ?? phaseOf(incident),
    title: body.title ?? draft?.title ?? (isRead ? last.title : await defaultTitle(db, incident)),
  }
}

async function defaultTitle(db: Database, incident: PageIncident): Promise<string> {
  const [shown, environments, pages] = await Promise.all([
    listShown(db),
    pageEnvironments(db),
    listPages(db),
  ])
  const components = scopedComponents(environments).map((one) => ({
    ...{ ...one, detail: '', wait: 0 },
    state: shown.find((other) => isSameComponent(other, one))?.shown.state ?? ('unknown' as const),
  }))
  return titleOf(
    namedFacts(
      affectedBy(incident, components, ({ state }) => isHarm(state)),
      pages,
    ),
  )
}

async function mustGet(
  { db, now }: Pick<UpdateHandlersOptions, 'db' | 'now'>,
  id: number,
): Promise<PageIncident> {
  const incident = (await pageIncidents(db, incidentDays)).find((one) => one.id === id)
  if (incident && (await readAll({ db, now }, [incident])).length > 0) return incident
  throw new FairleadError('not_now', {
    why:
      `Incident ${id} is not about a component of the status page, ` +
      'or it is closed and nothing was published about it',
  })
}

async function mustRead(
  options: UpdateHandlersOptions,
  incident: PageIncident,
): Promise<IncidentUpdates> {
  const [read] = await readAll(options, [incident])
  if (!read) throw new FairleadError('not_found', { kind: 'incident', id: incident.id })
  return read
}

async function readAll(
  { db, now }: Pick<UpdateHandlersOptions, 'db' | 'now'>,
  incidents: PageIncident[],
): Promise<IncidentUpdates[]> {
  const ids = incidents.map(({ id }) => id)
  const [updates, changes, environments, pages] = await Promise.all([
    store.listUpdates(db, ids),
    pageChanges(db, historyDays),
    pageEnvironments(db),
    listPages(db),
  ])
  const components = scopedComponents(environments)
  const facts = { components, changes, pages, now: now() }
  return incidents.flatMap((incident) => {
    const own = updates.filter((one) => one.incident === incident.id)
    const draft = own.find(({ state }) => state === 'draft')
    const onPages = incidentPages(incident, own, facts)
    if (onPages.length === 0) return []
    const shown = publicIncident(incident, own, facts)
    const { title, phase, text, due } = draft ?? { title: '', phase: null, text: '', due: null }
    return [
      {
        ...shown,
        name: namesText(
          components
            .filter(
              ({ app, component }) => app === incident.app && shown.components.includes(component),
            )
            .map(({ name }) => name),
        ),
        draft:
          phase === null
            ? null
            : { title, phase, text, due: due === null ? null : new Date(due).toISOString() },
        pages: onPages.map((page) => page.name),
      },
    ]
  })
}
