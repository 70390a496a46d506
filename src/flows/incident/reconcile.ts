import type { Incident } from '#contract/incident/incident.ts'
import {
  isReleaseKnown,
  laterMs,
  rankChanges,
  type RankedChange,
} from '#domains/incident/changes.ts'
import { isFelt, proofOf, proposeSeverity } from '#domains/incident/felt.ts'
import {
  decideIncidents,
  type FeltAlert,
  type Harm,
  type IncidentAction,
} from '#domains/incident/reconcile.ts'
import * as store from '#domains/incident/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { changesBefore } from '#views/changes-before.ts'
import {
  type AlertOfIncident,
  alertsForIncidents,
  harmfulReleases,
  recentMeasures,
  recentRollbacks,
} from '#views/incident.ts'
import { countImpact, followImpact } from './impact.ts'
import { factsOf, headOf } from './words.ts'

export interface IncidentsParts {
  db: Database
  now(): number
}

/**
 * Opens, joins, reopens, ends and closes incidents by the alerts and rollbacks that exist now. It
 * keeps no state: a repetition, on any server, changes nothing. Each action is one transaction.
 */
export async function reconcileIncidents({ db, now }: IncidentsParts): Promise<void> {
  const [rows, harms] = await Promise.all([alertsForIncidents(db), harmfulReleases(db)])
  const known = await store.listKnown(
    db,
    rows.flatMap((one) => one.incident ?? []),
  )
  const alerts = rows
    .filter((one) => one.incident !== null || (one.urgency === 'high' && isFelt(one.kinds)))
    .map(alertOf)
  if (alerts.length + harms.length + known.length === 0) return
  const isOpen = known.some(({ closed }) => closed === null)
  const [rollbacks, measures] = isOpen
    ? await Promise.all([recentRollbacks(db), recentMeasures(db)])
    : [[], []]
  const actions = decideIncidents({ known, alerts, harms, rollbacks, measures, now: now() })
  for (const action of actions) await act(db, action, now())
  await followImpact(db, now())
}

function alertOf({ from, until, acknowledgedAt, acknowledgedBy, ...row }: AlertOfIncident) {
  const alert: FeltAlert = {
    ...row,
    onset: from === null || until === null ? null : { from, until },
    acknowledged:
      acknowledgedAt === null ? null : { at: acknowledgedAt, by: acknowledgedBy ?? 'fairlead' },
  }
  return alert
}

async function act(db: Database, action: IncidentAction, now: number): Promise<void> {
  if (action.kind === 'open') return openByAlerts(db, action.alerts)
  if (action.kind === 'open-harm') return openByHarm(db, action.harm)
  const incident = await store.getIncident(db, action.incident)
  if (!incident || incident.mergedInto !== null) return
  const impact = action.kind === 'close' ? await countImpact(db, incident, now) : null
  await db.batch([
    ...statementsOf(incident, action),
    ...(impact === null ? [] : [store.keepImpact(incident.id, impact)]),
  ])
}

type LaterAction = Exclude<IncidentAction, { kind: 'open' | 'open-harm' }>

function statementsOf(incident: Incident, action: LaterAction): Statement[] {
  const { id } = incident
  const facts = factsOf(incident)
  if (action.kind === 'join') {
    const { alert, occurrence, onset } = action.alert
    return [store.countAlert(id, alert, occurrence), store.widenOnset(id, onset)]
  }
  if (action.kind === 'reopen') {
    const { alert, occurrence, reason } = action.alert
    const type = 'dev.cdeventsx.fairlead-incident.reopened'
    return [
      store.reopen(id, reason),
      store.countAlert(id, alert, occurrence),
      appendEvent({ type, ...headOf(incident), data: { ...facts, reason } }),
    ]
  }
  if (action.kind === 'acknowledge') {
    const type = 'dev.cdeventsx.fairlead-incident.acknowledged'
    return [
      store.acknowledge(id, action.at),
      appendEvent({ type, ...headOf(incident, action.by), data: facts }),
    ]
  }
  if (action.kind === 'mitigate') {
    const type = 'dev.cdeventsx.fairlead-incident.mitigated'
    const data = { ...facts, mitigation: action.what }
    return [
      store.mitigate(id, action.at, action.what),
      appendEvent({ type, ...headOf(incident), data }),
    ]
  }
  if (action.kind === 'over') {
    const reason = action.kinds.length === 0 ? quietWords : proofOf(action.kinds)
    const type = 'dev.cdevents.incident.resolved'
    return [
      store.end(id, action.at, reason),
      appendEvent({ type, ...headOf(incident), data: { ...facts, reason } }),
    ]
  }
  const data = { ...facts, comment: 'it did not come back within an hour' }
  return [
    store.close(id, 'fairlead', Date.parse(incident.over ?? incident.detected)),
    appendEvent({ type: 'dev.cdeventsx.fairlead-incident.closed', ...headOf(incident), data }),
  ]
}

const quietWords = 'the release was rolled back, and no alert opened within 10 minutes'

async function openByAlerts(db: Database, alerts: FeltAlert[]): Promise<void> {
  const [first] = alerts
  if (!first) return
  const kinds = alerts.flatMap((one) => one.kinds)
  await open(
    db,
    {
      ...{ app: first.app, environment: first.environment, service: first.service },
      ...{ title: first.title, reason: first.reason, deployment: first.deployment },
      ...{ openedBy: 'alert', opener: `alert ${first.alert}`, onset: first.onset },
      ...{ severity: proposeSeverity(kinds), severityBy: null, commander: null },
      detected: first.opened,
    },
    (id) => alerts.map((one) => store.attachAlert(id, one.alert, one.occurrence)),
    { isRelease: isReleaseKnown(kinds), rollout: alerts.flatMap((one) => one.rollouts)[0] ?? null },
  )
}

async function openByHarm(db: Database, harm: Harm): Promise<void> {
  const { deployment, app, environment, reason, from, at } = harm
  await open(
    db,
    {
      ...{ app, environment, service: null, deployment, reason, detected: at },
      title: `Deployment ${deployment} of ${app} did harm in ${environment}`,
      ...{ openedBy: 'rollback', opener: `deployment ${deployment}`, onset: { from, until: at } },
      ...{ severity: proposeSeverity([]), severityBy: null, commander: null },
    },
    () => [],
    { isRelease: true, rollout: null },
  )
}

async function open(
  db: Database,
  incident: store.NewIncident,
  more: (id: number) => Statement[],
  known: KnownCause,
): Promise<void> {
  const id = await store.nextIncident(db)
  const changes = await rankedChanges(db, incident, known)
  const { reason, deployment } = incident
  await db.batch([
    store.insertIncident(id, incident),
    ...more(id),
    ...store.insertChanges(id, changes),
    appendEvent({
      type: 'dev.cdevents.incident.detected',
      ...headOf({ ...incident, id }),
      data: { ...factsOf(incident), reason, deployment },
    }),
  ])
}

/** What an alert says about the cause of the incident that it opens. */
interface KnownCause {
  /**
   * whether the harm was found in the release of its deployment: one that only went live shortly
   * before is a change like any other
   */
  isRelease: boolean
  /** the switch whose rollout did the harm */
  rollout: string | null
}

/** What changed before an incident, the most likely cause first. */
export async function rankedChanges(
  db: Database,
  { app, environment, service, onset, detected, ...incident }: store.NewIncident,
  { isRelease, rollout }: KnownCause,
): Promise<RankedChange[]> {
  const harm = onset ?? { from: detected, until: detected }
  const until = harm.until + laterMs
  const deployment = isRelease ? incident.deployment : null
  const candidates = await changesBefore(db, { app, environment }, { ...harm, until })
  return rankChanges({ app, environment, service, deployment, rollout, onset: harm }, candidates)
}
