import type {
  ComponentState,
  PublicIncident,
  StatusChange,
} from '#contract/status-page/status-page.ts'
import {
  affectedBy,
  combinedFacts,
  isHarm,
  namesText,
  type ScopedComponent,
  worstOf,
} from '#domains/status-page/affected.ts'
import {
  isOnPage,
  namedComponents,
  type PageSelection,
  pagesWith,
} from '#domains/status-page/page.ts'
import { hitOf } from '#domains/status-page/hit.ts'
import {
  type ComponentFacts,
  draftOf,
  nextUpdate,
  titleOf,
  type UpdateAction,
} from '#domains/status-page/update.ts'
import { queueDeliveries } from '#domains/status-page/subscription-store.ts'
import * as store from '#domains/status-page/update-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { type PageIncident, pageIncidents } from '#views/status-page.ts'
import type { CountedImpacts } from './counted-impacts.ts'

/** Days for which an incident that ended stays on the page. */
export const incidentDays = 90
const mostIncidents = 50

export type PageComponent = GroupedComponent & ComponentFacts

/** What decides whom an incident is about, and who reads of it. */
export interface UpdateFacts extends IncidentFacts {
  components: readonly PageComponent[]
  pages: readonly PageSelection[]
  impacts: CountedImpacts
}

/** An incident, and everything that is written about it. */
export interface FoundIncident {
  incident: PageIncident
  updates: store.UpdateRow[]
}

/**
 * Drafts words about the incidents of pages from facts, and publishes what has waited for its time.
 * Each action is one transaction; a repetition, on any server, changes nothing.
 */
export async function updateIncidents(db: Database, facts: UpdateFacts): Promise<FoundIncident[]> {
  const { components, pages, impacts, now } = facts
  const incidents = (await pageIncidents(db, incidentDays)).filter(
    (one) => pagesWith(pages, affectedNow(one, components)).length > 0,
  )
  const ids = incidents.map(({ id }) => id)
  const updates = await store.listUpdates(db, ids)
  impacts.keep(ids)
  let isChanged = false
  for (const incident of incidents) {
    const affected = affectedNow(incident, components)
    const written = updates.filter((one) => one.incident === incident.id)
    const named = namedFacts(affected, pages)
    const readers = incidentPages(incident, written, facts).map(({ name }) => name)
    const own = retitled(written, readers, titleOf(named))
    const isDrafted = draftOf({ ...incident, hit: null }, named, own) !== null
    const impact = isDrafted ? await impacts.of(db, incident, now) : null
    const hit = impact && hitOf(impact, incident, affected)
    const action = nextUpdate({ ...incident, hit }, named, own, now)
    const { components: keys } = publicIncident(incident, written, facts)
    const to = { components: keys, pages: readers, now }
    if (action) await db.batch(statementsOf(incident, action, to))
    isChanged ||= action !== null
  }
  const fresh = isChanged ? await store.listUpdates(db, ids) : updates
  return incidents.map((incident) => ({
    incident,
    updates: fresh.filter((one) => one.incident === incident.id),
  }))
}

const affectedNow = <C extends PageComponent>(
  incident: PageIncident,
  components: readonly C[],
): C[] => affectedBy(incident, components, ({ state }) => isHarm(state))

/** What the words about an incident may say: on no page, they name what only others show. Pure. */
export function namedFacts(
  affected: readonly PageComponent[],
  pages: readonly PageSelection[],
): ComponentFacts {
  const named = namedComponents(affected, pages)
  if (named.length > 0) return combinedFacts(named)
  return { ...combinedFacts(affected), name: 'a part of our service', detail: '' }
}

/** A title that not all readers have read is not used again: it may name what they do not see. */
export const retitled = (
  updates: readonly store.UpdateRow[],
  readers: readonly string[],
  title: string,
): store.UpdateRow[] =>
  updates.map((one) =>
    one.state === 'published' && readers.some((name) => !one.pages.includes(name))
      ? { ...one, title }
      : one,
  )

/** The pages that show an incident. Pure. */
export function incidentPages<P extends PageSelection>(
  incident: PageIncident,
  updates: readonly store.UpdateRow[],
  facts: Omit<IncidentFacts, 'pages'> & { pages: readonly P[] },
): P[] {
  const { app, environment, components } = publicIncident(incident, updates, facts)
  const affected = facts.components.filter(
    (one) =>
      one.app === app && one.environment === environment && components.includes(one.component),
  )
  return pagesWith(facts.pages, affected)
}

function statementsOf(
  incident: PageIncident,
  action: UpdateAction,
  { components, pages, now }: { components: string[]; pages: string[]; now: number },
): Statement[] {
  const { id, app, environment, occurrence } = incident
  if (action.kind === 'drop') return [store.dropDraft(id)]
  if (action.kind === 'reword') return [store.rewordDraft(action.id, action.words, action.due)]
  const { words } = action
  if (action.kind === 'draft')
    return [store.insertDraft({ incident: id, occurrence }, words, action.due)]
  const by = { author: 'fairlead', now, promised: null, pages }
  return [
    ...store.publish({ id: action.id, incident: id, occurrence }, words, by),
    queueDeliveries(action.id, { app, components }, pages),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-status.updated',
      ...{ subject: `incident/${id}`, chain: `app/${app}`, app },
      data: { environment, ...words, promised: null },
    }),
  ]
}

type GroupedComponent = ScopedComponent & { group: string }

/** What decides how bad an incident was, and for which components. */
export interface IncidentFacts {
  components: readonly GroupedComponent[]
  changes: readonly StatusChange[]
  now: number
  /** the components of other pages are left out; absent for all pages */
  page?: PageSelection
}

/** The incidents that readers of a page read of: those that go on first, then the newest. Pure. */
export function publicIncidents(
  found: readonly FoundIncident[],
  facts: IncidentFacts,
): PublicIncident[] {
  return found
    .map(({ incident, updates }) => publicIncident(incident, updates, facts))
    .filter(
      ({ updates, review, components }) =>
        components.length > 0 && (updates.length > 0 || review !== null),
    )
    .toSorted(
      (a, b) =>
        Number(a.resolved !== null) - Number(b.resolved !== null) ||
        Date.parse(b.started) - Date.parse(a.started),
    )
    .slice(0, mostIncidents)
}

/**
 * An incident with what is published about it, which can be nothing. Without updates, its review
 * tells that it is over. Pure.
 */
export function publicIncident(
  incident: PageIncident,
  updates: readonly store.UpdateRow[],
  facts: IncidentFacts,
): PublicIncident {
  const { id, app, environment, began, over, review } = incident
  const { page } = facts
  const published = updates
    .filter(
      ({ state, pages }) =>
        state === 'published' && (page === undefined || pages.includes(page.name)),
    )
    .reverse()
  const [last] = published
  const resolved =
    last === undefined
      ? review && over
      : last.phase === 'resolved'
        ? (over ?? last.published)
        : null
  const changes = facts.changes.map((one) => ({ ...one, since: Date.parse(one.since) }))
  const worst = (of: ScopedComponent[]): ComponentState | null =>
    // What fails from this moment on counts, too.
    worstOf(of, changes, began, resolved ?? facts.now + 1)
  const affected = affectedBy(incident, facts.components, (one) => worst([one]) !== null).filter(
    (one) => page === undefined || isOnPage(page, one),
  )
  const impact = worst(affected) ?? 'degraded'
  const started = Math.min(began, published.at(-1)?.published ?? began)
  return {
    ...{ id, app, environment, impact, components: affected.map(({ component }) => component) },
    title:
      last?.title ?? titleOf({ name: namesText(affected.map(({ name }) => name)), state: impact }),
    started: new Date(started).toISOString(),
    resolved: resolved === null ? null : new Date(resolved).toISOString(),
    ...{ updates: published.map(store.publicUpdate), review },
  }
}
