import type {
  ComponentState,
  PublicIncident,
  PublicMaintenance,
  StatusComponent,
} from '#contract/status-page/status-page.ts'
import { unescaped } from './markdown.ts'
import { type Outage, outagesOf } from './outages.ts'
import {
  componentsAt,
  groupsOf,
  headline,
  idOf,
  maintenanceState,
  nameOf,
  namesOf,
  overallState,
  type ShownPage,
} from './shown-page.ts'

/**
 * The public API of Atlassian Statuspage, version 2. `unknown` is no state of theirs; it is not
 * replaced by another one, because none would be true.
 */
const statuses: Record<ComponentState, string> = {
  operational: 'operational',
  degraded: 'degraded_performance',
  partial_outage: 'partial_outage',
  major_outage: 'major_outage',
  maintenance: 'under_maintenance',
  unknown: 'unknown',
}
const indicators: Record<ComponentState, string> = {
  operational: 'none',
  degraded: 'minor',
  partial_outage: 'major',
  major_outage: 'critical',
  maintenance: 'maintenance',
  unknown: 'unknown',
}

type Json = Record<string, unknown>

/** The JSON documents by their paths. Pure. */
export function statuspageJson(page: ShownPage, url: string): Record<string, Json> {
  const state = overallState(page)
  const updated = page.confirmed ?? new Date(0).toISOString()
  const about = {
    id: 'fairlead',
    name: page.title || 'Status',
    url,
    time_zone: 'Etc/UTC',
    updated_at: updated,
  }
  const status = { indicator: indicators[state], description: headline(page) }
  const components = [...page.components.map(componentOf), ...componentGroups(page)]
  const incidents = incidentsOf(page, url)
  const unresolved = incidents.filter((one) => one.resolved_at === null)
  const maintenances = page.maintenances.map((one) => maintenanceOf(page, one, url))
  const base = '/api/v2'
  const scheduled = (list: Json[]): Json => ({ page: about, scheduled_maintenances: list })
  const inState = (wanted: string): Json[] => maintenances.filter((one) => one.status === wanted)
  return {
    [`${base}/status.json`]: { page: about, status },
    [`${base}/components.json`]: { page: about, components },
    [`${base}/incidents.json`]: { page: about, incidents },
    [`${base}/incidents/unresolved.json`]: { page: about, incidents: unresolved },
    [`${base}/scheduled-maintenances.json`]: scheduled(maintenances.toReversed()),
    [`${base}/scheduled-maintenances/upcoming.json`]: scheduled(inState('scheduled')),
    [`${base}/scheduled-maintenances/active.json`]: scheduled(inState('in_progress')),
    [`${base}/summary.json`]: {
      ...{ page: about, components, incidents: unresolved, status },
      scheduled_maintenances: maintenances.filter((one) => one.status !== 'completed'),
    },
  }
}

const componentOf = (one: StatusComponent, index: number) => ({
  ...{ id: idOf(one), name: one.name, status: statuses[one.state], updated_at: one.since },
  ...{ created_at: one.since, position: index + 1, description: one.detail || null },
  ...{ showcase: true, start_date: null, group: false, page_id: 'fairlead' },
  ...{ group_id: one.group === '' ? null : groupId(one.group), only_show_if_degraded: false },
})

const groupId = (name: string): string => `group-${encodeURIComponent(name)}`

/** A group is a component that names others, and has the worst of their states. */
const componentGroups = (page: ShownPage) =>
  groupsOf(page)
    .filter(({ name }) => name !== '')
    .map(({ name, components }, index) => ({
      ...{ id: groupId(name), name, status: statuses[overallState({ components })] },
      ...{ created_at: latestOf(components), updated_at: latestOf(components) },
      ...{ position: page.components.length + index + 1, description: null, showcase: false },
      ...{ start_date: null, group_id: null, group: true, page_id: 'fairlead' },
      ...{ only_show_if_degraded: false, components: components.map(idOf) },
    }))

const latestOf = (components: StatusComponent[]): string =>
  new Date(Math.max(...components.map(({ since }) => Date.parse(since)))).toISOString()

/** What people read of incidents, and outages that nothing is published about; newest first. */
function incidentsOf(page: ShownPage, url: string) {
  const outages = outagesOf(page.changes).filter(
    (outage) => !page.incidents.some((one) => isAbout(one, outage)),
  )
  return [
    ...page.incidents.map((one) => publishedIncident(page, one, url)),
    ...outages.map((one) => incidentOf(page, one, url)),
  ].toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))
}

/** Whether an outage belongs to an incident: the same component at the same time. */
const isAbout = (
  one: PublicIncident,
  { app, environment, component, started, resolved }: Outage,
): boolean =>
  one.app === app &&
  one.environment === environment &&
  one.components.includes(component) &&
  Date.parse(started) <= (one.resolved === null ? Infinity : Date.parse(one.resolved)) &&
  Date.parse(one.started) <= (resolved === null ? Infinity : Date.parse(resolved))

function publishedIncident(page: ShownPage, one: PublicIncident, url: string) {
  const [last] = allUpdates(one)
  const { review } = one
  return {
    ...{ id: String(one.id), name: one.title, page_id: 'fairlead' },
    status: one.resolved !== null && review !== null ? 'postmortem' : statusOf(one),
    ...{ created_at: one.started, started_at: one.started },
    updated_at: last?.display_at ?? one.started,
    monitoring_at: one.updates.find(({ phase }) => phase === 'monitoring')?.published ?? null,
    ...{ resolved_at: one.resolved, shortlink: `${url}/incidents/${one.id}` },
    ...{ impact: indicators[one.impact], components: componentsAt(page, one).map(componentOf) },
    postmortem_body: review === null ? null : unescaped(review.text),
    postmortem_published_at: review?.published ?? null,
    incident_updates: allUpdates(one),
  }
}

/** The phase of an incident without its review; without updates, only its review tells of it. */
const statusOf = ({ updates, resolved }: PublicIncident): string =>
  updates[0]?.phase ?? (resolved === null ? 'investigating' : 'resolved')

/** The updates and the review of an incident, newest first. */
function allUpdates({ id: incident, updates, review }: PublicIncident) {
  const update = (id: string, status: string, text: string, published: string) => ({
    ...{ id, incident_id: String(incident), status, body: unescaped(text) },
    ...{ created_at: published, updated_at: published, display_at: published },
  })
  const all = updates.map((one) => update(String(one.id), one.phase, one.text, one.published))
  if (review !== null)
    all.push(update(`review-${incident}`, 'postmortem', review.text, review.published))
  return all.toSorted((a, b) => Date.parse(b.display_at) - Date.parse(a.display_at))
}

function maintenanceOf(page: ShownPage, one: PublicMaintenance, url: string) {
  const status = maintenanceState(one, page)
  const { app, environment } = one
  const name = namesOf(page, { app, environment })
  const id = `maintenance-${one.id}`
  return {
    ...{ id, name: `Maintenance of ${name}`, page_id: 'fairlead', status, impact: 'maintenance' },
    ...{ created_at: one.announced, updated_at: one.announced, monitoring_at: null },
    ...{ scheduled_for: one.from, scheduled_until: one.until, shortlink: url },
    resolved_at: status === 'completed' ? one.until : null,
    components: componentsAt(page, { app, environment }).map(componentOf),
    incident_updates: [],
  }
}

function incidentOf(page: ShownPage, one: Outage, url: string) {
  const id = `${idOf(one)}-${Date.parse(one.started)}`
  const last = one.changes.at(-1)!
  return {
    ...{
      id,
      name: `${words[one.worst]} of ${nameOf(page, one)}`,
      page_id: 'fairlead',
    },
    status: one.resolved === null ? 'investigating' : 'resolved',
    ...{ created_at: one.started, started_at: one.started, updated_at: last.since },
    ...{ monitoring_at: null, resolved_at: one.resolved, shortlink: url },
    impact: indicators[one.worst],
    incident_updates: one.changes.toReversed().map((change) => ({
      ...{ id: `${id}-${Date.parse(change.since)}`, incident_id: id, created_at: change.since },
      status: change.state === 'operational' ? 'resolved' : 'investigating',
      body: `The state is ${statuses[change.state].replaceAll('_', ' ')}.`,
      ...{ updated_at: change.since, display_at: change.since },
    })),
  }
}

const words: Record<ComponentState, string> = {
  ...{ operational: 'Outage', maintenance: 'Maintenance', unknown: 'Outage' },
  ...{ degraded: 'Degradation', partial_outage: 'Partial outage', major_outage: 'Major outage' },
}
