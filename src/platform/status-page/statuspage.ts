import type { ComponentState, StatusChange } from '#contract/status-page/status-page.ts'
import { headline, overallState, type ShownPage } from './shown-page.ts'
import { namesOf } from './html.ts'

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

/** An outage from its first to its last change, newest first. */
export interface Outage {
  app: string
  environment: string
  started: string
  resolved: string | null
  worst: ComponentState
  changes: StatusChange[]
}

const harms: ComponentState[] = ['degraded', 'partial_outage', 'major_outage']

/** The outages in changes, which are sorted newest first. Pure. */
export function outagesOf(changes: readonly StatusChange[]): Outage[] {
  const open = new Map<string, Outage>()
  const all: Outage[] = []
  for (const change of changes.toReversed()) {
    const { app, environment, state, since } = change
    const key = `${app}/${environment}`
    const outage = open.get(key)
    if (harms.includes(state)) {
      if (!outage) {
        const begun = { app, environment, started: since, resolved: null, worst: state }
        const fresh: Outage = { ...begun, changes: [change] }
        open.set(key, fresh)
        all.push(fresh)
        continue
      }
      if (harms.indexOf(state) > harms.indexOf(outage.worst)) outage.worst = state
    }
    outage?.changes.push(change)
    // Nobody knows whether an outage goes on while the state is unknown.
    if (!outage || state === 'unknown' || harms.includes(state)) continue
    outage.resolved = since
    open.delete(key)
  }
  return all.reverse()
}

type Json = Record<string, unknown>

/** The JSON documents by their paths. Pure. */
export function statuspageJson(page: ShownPage, url: string): Record<string, Json> {
  const state = overallState(page)
  const updated = page.confirmed ?? new Date(0).toISOString()
  const about = { id: 'fairlead', name: 'Status', url, time_zone: 'Etc/UTC', updated_at: updated }
  const status = { indicator: indicators[state], description: headline(page) }
  const components = page.components.map((one, index) => ({
    ...{ id: idOf(one), name: one.name, status: statuses[one.state], updated_at: one.since },
    ...{ created_at: one.since, position: index + 1, description: one.detail || null },
    ...{ showcase: true, start_date: null, group_id: null, group: false, page_id: about.id },
    only_show_if_degraded: false,
  }))
  const names = namesOf(page)
  const incidents = outagesOf(page.changes).map((one) => incidentOf(one, names, url))
  const unresolved = incidents.filter((one) => one.resolved_at === null)
  const none = { page: about, scheduled_maintenances: [] }
  const base = '/api/v2'
  return {
    [`${base}/status.json`]: { page: about, status },
    [`${base}/components.json`]: { page: about, components },
    [`${base}/incidents.json`]: { page: about, incidents },
    [`${base}/incidents/unresolved.json`]: { page: about, incidents: unresolved },
    [`${base}/scheduled-maintenances.json`]: none,
    [`${base}/scheduled-maintenances/upcoming.json`]: none,
    [`${base}/scheduled-maintenances/active.json`]: none,
    [`${base}/summary.json`]: {
      ...{ page: about, components, incidents: unresolved, scheduled_maintenances: [], status },
    },
  }
}

const idOf = ({ app, environment }: { app: string; environment: string }): string =>
  `${app}-${environment}`

function incidentOf(one: Outage, names: ReturnType<typeof namesOf>, url: string) {
  const id = `${idOf(one)}-${Date.parse(one.started)}`
  const last = one.changes.at(-1)!
  return {
    ...{
      id,
      name: `${words[one.worst]} of ${names(one.app, one.environment)}`,
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
