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

export type PageComponent = ScopedComponent & ComponentFacts

/**
 * Drafts words about incidents from facts, and publishes what has waited for its time. Each action
 * is one transaction; a repetition, on any server, changes nothing.
 */
export async function updateIncidents(
  db: Database,
  components: readonly PageComponent[],
  impacts: CountedImpacts,
  now: number,
): Promise<{ incident: PageIncident; updates: store.UpdateRow[] }[]> {
  const incidents = (await pageIncidents(db, incidentDays)).filter((one) =>
    components.some((component) => isSame(component, one)),
  )
  const ids = incidents.map(({ id }) => id)
  const updates = await store.listUpdates(db, ids)
  impacts.keep(ids)
  let isChanged = false
  for (const incident of incidents) {
    const affected = affectedBy(incident, components, ({ state }) => isHarm(state))
    const own = updates.filter((one) => one.incident === incident.id)
    const facts = combinedFacts(affected)
    const isDrafted = draftOf({ ...incident, hit: null }, facts, own) !== null
    const impact = isDrafted ? await impacts.of(db, incident, now) : null
    const hit = impact && hitOf(impact, incident, affected)
    const action = nextUpdate({ ...incident, hit }, facts, own, now)
    if (action) await db.batch(statementsOf(incident, action, now))
    isChanged ||= action !== null
  }
  const fresh = isChanged ? await store.listUpdates(db, ids) : updates
  return incidents.map((incident) => ({
    incident,
    updates: fresh.filter((one) => one.incident === incident.id),
  }))
}

const isSame = (
  a: { app: string; environment: string },
  b: { app: string; environment: string },
): boolean => a.app === b.app && a.environment === b.environment

function statementsOf(incident: PageIncident, action: UpdateAction, now: number): Statement[] {
  const { id, app, environment, occurrence } = incident
  if (action.kind === 'drop') return [store.dropDraft(id)]
  if (action.kind === 'reword') return [store.rewordDraft(action.id, action.words, action.due)]
  const { words } = action
  if (action.kind === 'draft')
    return [store.insertDraft({ incident: id, occurrence }, words, action.due)]
  const by = { author: 'fairlead', now, promised: null }
  return [
    ...store.publish({ id: action.id, incident: id, occurrence }, words, by),
    queueDeliveries(action.id, app),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-status.updated',
      ...{ subject: `incident/${id}`, chain: `app/${app}`, app },
      data: { environment, ...words, promised: null },
    }),
  ]
}

/** What decides how bad an incident was, and for which components. */
export interface IncidentFacts {
  components: readonly ScopedComponent[]
  changes: readonly StatusChange[]
  now: number
}

/** The incidents that customers may read of: those that go on first, then the newest. Pure. */
export function publicIncidents(
  found: readonly { incident: PageIncident; updates: store.UpdateRow[] }[],
  facts: IncidentFacts,
): PublicIncident[] {
  return found
    .map(({ incident, updates }) => publicIncident(incident, updates, facts))
    .filter(({ updates, review }) => updates.length > 0 || review !== null)
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
  const published = updates.filter(({ state }) => state === 'published').reverse()
  const [last] = published
  const resolved =
    last === undefined
      ? review && over
      : last.phase === 'resolved'
        ? (over ?? last.published)
        : null
  const changes = facts.changes.map((one) => ({ ...one, since: Date.parse(one.since) }))
  const worst = (of: ScopedComponent[]): ComponentState | null =>
    worstOf(of, changes, began, resolved ?? facts.now)
  const affected = affectedBy(incident, facts.components, (one) => worst([one]) !== null)
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
