import type { Impact } from '#contract/incident/impact.ts'
import { type Incident, severities } from '#contract/incident/incident.ts'
import { proposeSeverity } from '#domains/incident/felt.ts'
import * as store from '#domains/incident/store.ts'
import { readSeries } from '#domains/signal/read.ts'
import {
  type CountedPlace,
  countedFrom,
  countRequests,
  listHitParts,
} from '#domains/signal/request-count.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { entitiesOfIncidents } from '#views/incident.ts'
import { factsOf, headOf } from './words.ts'

const most = { routes: 100, tenants: 10_000, entities: 10_000 }
const minuteMs = 60_000

/** Whom an incident hit: what was kept when it was closed, or what is counted until now. */
export async function impactOf(db: Database, incident: Incident, now: number): Promise<Impact> {
  return (await store.getImpact(db, incident.id)) ?? countImpact(db, incident, now)
}

export async function countImpact(db: Database, incident: Incident, now: number): Promise<Impact> {
  const place = placeOf(incident, now)
  const period = periodOf(incident, now)
  const entities = await store.listEntities(db, incident.id, most.entities)
  const frame = {
    ...{ from: iso(period.from), until: iso(period.until), entities },
    unmeasuredMinutes: await unmeasured(db, period, now),
  }
  if (place === null)
    return { ...frame, requests: null, routes: [], tenants: [], tenantCount: null }
  const [requests, routes, tenants] = await Promise.all([
    countRequests(db, place),
    listHitParts(db, 'routes', { ...place, limit: most.routes }),
    listHitParts(db, 'tenants', { ...place, limit: most.tenants }),
  ])
  const { hit, all } = tenants
  return {
    ...{ ...frame, requests, routes: routes.parts, tenants: tenants.parts },
    tenantCount: all === 0 ? null : { hit, all },
  }
}

/** From the minute of the onset to the end, or to now. */
function periodOf({ onset, detected, over }: Incident, now: number) {
  const began = Date.parse(onset?.from ?? detected)
  const until = over === null ? now : Date.parse(over)
  return { from: Math.floor(began / minuteMs) * minuteMs, until: Math.max(began, until) }
}

function placeOf(incident: Incident, now: number): CountedPlace | null {
  const { app, environment, service } = incident
  if (app === null || environment === null) return null
  return { app, environment, service, ...periodOf(incident, now) }
}

/**
 * Minutes whose counts were deleted, or in which the machine was not measured; the last one may not
 * be stored yet.
 */
async function unmeasured(
  db: Database,
  { from, until }: { from: number; until: number },
  now: number,
): Promise<number> {
  const end = Math.min(until, now - minuteMs)
  if (end <= from) return 0
  const counted = countedFrom({ from, until: end }, now)
  const filter = { app: null, names: ['machine-load'] }
  const { series, step } = await readSeries(db, filter, { from: counted, until: end }, now)
  const [machine] = series
  if (!machine || counted === end) return Math.round((end - from) / minuteMs)
  const missing = machine.values.filter((one) => one === null).length
  return Math.round((counted - from) / minuteMs + (missing * step) / 60)
}

const iso = (time: number): string => new Date(time).toISOString()

/**
 * Keeps what breaks the rules of the business, and proposes a higher severity when the harm grows;
 * a severity that a person set stays.
 */
export async function followImpact(db: Database, now: number): Promise<void> {
  for (const { incident, ...found } of await entitiesOfIncidents(db))
    await db.query(store.addEntities(incident, found))
  const open = await store.listIncidents(db, { state: 'unclosed', apps: null, limit: 1000 })
  for (const incident of open) if (incident.over === null) await propose(db, incident, now)
}

async function propose(db: Database, incident: Incident, now: number): Promise<void> {
  const place = placeOf(incident, now)
  if (incident.severityBy !== null || place === null) return
  const requests = await countRequests(db, place)
  const severity = proposeSeverity([], requests, await store.countEntities(db, incident.id))
  if (severities.indexOf(severity) <= severities.indexOf(incident.severity)) return
  await db.batch([
    store.raiseSeverity(incident.id, severity),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-incident.changed',
      ...headOf(incident),
      data: factsOf({ ...incident, severity }),
    }),
  ])
}
