import { may, visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Incident, IncidentChange, IncidentDetail } from '#contract/incident/incident.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { listAllEnvironments } from '#domains/deployment/store.ts'
import { proposeSeverity } from '#domains/incident/felt.ts'
import { listMerged } from '#domains/incident/merge-store.ts'
import * as store from '#domains/incident/store.ts'
import { getReview } from '#domains/review/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { alertsOfIncident, eventsOfIncident, messagesOfIncident } from '#views/incident.ts'
import { countImpact, impactOf } from './impact.ts'
import { earlierReviews } from '#views/review.ts'
import { automaticOf } from './mitigate.ts'
import { mergeByPerson } from './merge.ts'
import { mitigationsOf } from './mitigations.ts'
import { rankedChanges } from './reconcile.ts'
import { factsOf, headOf, timelineOf } from './words.ts'

export interface IncidentHandlersOptions {
  db: Database
  now(): number
  /** fails when the app does not exist */
  getApp(app: string): Promise<unknown>
}

type IncidentEndpoints =
  | 'listIncidents'
  | 'getIncident'
  | 'getIncidentImpact'
  | 'openIncident'
  | 'noteIncident'
  | 'takeIncident'
  | 'changeIncident'
  | 'mergeIncident'
  | 'closeIncident'

export function incidentHandlers(
  options: IncidentHandlersOptions,
): SomeHandlers<IncidentEndpoints> {
  const { db, now } = options
  return {
    listIncidents: async ({ query }, caller) => {
      const apps = visibleApps(caller)
      const [incidents, ranking] = await Promise.all([
        store.listIncidents(db, { ...query, apps }),
        store.getRanking(db, { app: query.app, apps }),
      ])
      const next = incidents.length === query.limit ? (incidents.at(-1)?.id ?? null) : null
      return { incidents, next, ranking }
    },
    getIncident: async ({ params }, caller) => readIncident(db, params.incident, caller, now()),
    getIncidentImpact: async ({ params }) =>
      impactOf(db, await mustGet(db, params.incident), now()),
    openIncident: async ({ params: { app }, body }, caller) => {
      await options.getApp(app)
      const id = await openByPerson(options, app, body, caller)
      return readIncident(db, id, caller, now())
    },
    noteIncident: async ({ params, body: { text } }, caller) => {
      const incident = await mustGet(db, params.incident)
      const type = 'dev.cdeventsx.fairlead-incident.noted'
      const data = { ...factsOf(incident), text }
      await db.batch([appendEvent({ type, ...headOf(incident, caller), data })])
      return readIncident(db, incident.id, caller, now())
    },
    takeIncident: async ({ params, body: { role, person } }, caller) => {
      const incident = await mustBeOpen(db, params.incident)
      const to = person === undefined ? caller.name : person
      await mustBeUser(db, to, caller)
      const data = { ...factsOf(incident), role, person: to, was: incident[role] }
      await db.batch([
        store.takeRole(incident.id, role, to),
        ...(to === null ? [] : [store.declare(incident.id, now())]),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-incident.taken',
          ...headOf(incident, caller),
          data,
        }),
      ])
      return readIncident(db, incident.id, caller, now())
    },
    changeIncident: async ({ params, body }, caller) => {
      const incident = await mustGet(db, params.incident)
      await db.batch([
        ...changesOf(incident, body, caller),
        ...mitigationOf(incident, body.mitigation, caller, now()),
        ...(await causeOf(db, incident, body.cause, caller)),
      ])
      return readIncident(db, incident.id, caller, now())
    },
    mergeIncident: async ({ params: { incident: kept }, body: { other } }, caller) => {
      await mergeByPerson(options, { kept, other }, caller)
      return readIncident(db, kept, caller, now())
    },
    closeIncident: async ({ params, body: { comment } }, caller) => {
      const incident = await mustBeOpen(db, params.incident)
      const type = 'dev.cdeventsx.fairlead-incident.closed'
      const data = { ...factsOf(incident), comment }
      await db.batch([
        store.close(incident.id, caller.name, now()),
        store.keepImpact(incident.id, await countImpact(db, incident, now())),
        ...(incident.over === null ? [resolvedBy(incident, caller)] : []),
        appendEvent({ type, ...headOf(incident, caller), data }),
      ])
      return readIncident(db, incident.id, caller, now())
    },
  }
}

async function openByPerson(
  { db, now }: IncidentHandlersOptions,
  app: string,
  body: {
    title: string
    environment: string
    service?: string | undefined
    severity?: Incident['severity'] | undefined
    since?: string | undefined
  },
  caller: Caller,
): Promise<number> {
  const { title, environment, service = null, severity, since } = body
  const environments = await listAllEnvironments(db, app)
  if (!environments.some(({ name }) => name === environment))
    throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${environment}` })
  const detected = now()
  const from = since === undefined ? detected : Date.parse(since)
  if (from > detected)
    throw new FairleadError('invalid_input', {
      field: 'since',
      problem: 'must not be later than now',
    })
  const open = (await store.listIncidents(db, { app, state: 'unclosed', apps: null, limit: 100 }))
    .filter((one) => one.over === null && one.environment === environment)
    .find((one) => service === null || one.service === null || one.service === service)
  if (open) {
    // It is known already: now a person has said that it is an incident.
    const type = 'dev.cdeventsx.fairlead-incident.noted'
    await db.batch([
      store.declare(open.id, detected),
      appendEvent({
        ...{ type, ...headOf(open, caller) },
        data: { ...factsOf(open), text: `opened as: ${title}` },
      }),
    ])
    return open.id
  }
  const incident: store.NewIncident = {
    ...{ app, environment, service, title, reason: title, deployment: null, detected },
    ...{ openedBy: 'person', opener: caller.name, onset: { from, until: from } },
    ...{ severity: severity ?? proposeSeverity([]), commander: null },
    severityBy: severity === undefined ? null : caller.name,
  }
  const id = await store.nextIncident(db)
  await db.batch([
    store.insertIncident(id, incident),
    ...store.insertChanges(
      id,
      await rankedChanges(db, incident, { isRelease: false, rollout: null }),
    ),
    appendEvent({
      type: 'dev.cdevents.incident.reported',
      ...headOf({ ...incident, id }, caller),
      data: factsOf(incident),
    }),
  ])
  return id
}

function changesOf(
  incident: Incident,
  { title, severity }: { title?: string | undefined; severity?: Incident['severity'] | undefined },
  caller: Caller,
): Statement[] {
  if (title === undefined && severity === undefined) return []
  const { id } = incident
  const facts = factsOf({
    ...incident,
    ...(title === undefined ? {} : { title }),
    ...(severity === undefined ? {} : { severity }),
  })
  return [
    ...(title === undefined ? [] : [store.setTitle(id, title)]),
    ...(severity === undefined ? [] : [store.setSeverity(id, severity, caller.name)]),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-incident.changed',
      ...headOf(incident, caller),
      data: facts,
    }),
  ]
}

function mitigationOf(
  incident: Incident,
  mitigation: string | undefined,
  caller: Caller,
  now: number,
): Statement[] {
  if (mitigation === undefined) return []
  if (incident.over !== null)
    throw new FairleadError('not_now', { why: `Incident ${incident.id} is over` })
  return [
    store.mitigate(incident.id, now, mitigation),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-incident.mitigated',
      ...headOf(incident, caller),
      data: { ...factsOf(incident), mitigation },
    }),
  ]
}

async function causeOf(
  db: Database,
  incident: Incident,
  cause: number | null | undefined,
  caller: Caller,
): Promise<Statement[]> {
  if (cause === undefined) return []
  const changes = await store.listChanges(db, incident.id)
  const change = changes.find(({ id }) => id === cause)
  if (cause !== null && !change)
    throw new FairleadError('not_found', { kind: `change of incident ${incident.id}`, id: cause })
  return [
    store.confirmCause(incident.id, cause, caller.name),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-incident.changed',
      ...headOf(incident, caller),
      data: { ...factsOf(incident), cause: change?.text ?? '' },
    }),
  ]
}

const resolvedBy = (incident: Incident, caller: Caller): Statement =>
  appendEvent({
    type: 'dev.cdevents.incident.resolved',
    ...headOf(incident, caller),
    data: { ...factsOf(incident), reason: `${caller.name} closed it` },
  })

async function mustGet(db: Database, id: number): Promise<Incident> {
  const incident = await store.getIncident(db, id)
  if (!incident) throw new FairleadError('not_found', { kind: 'incident', id })
  return incident
}

async function mustBeOpen(db: Database, id: number): Promise<Incident> {
  const incident = await mustGet(db, id)
  if (incident.closed !== null)
    throw new FairleadError('not_now', { why: `Incident ${id} is closed` })
  return incident
}

async function mustBeUser(db: Database, person: string | null, caller: Caller): Promise<void> {
  if (person === null || person === caller.name) return
  const users = await listUsers(db)
  if (!users.some(({ name, disabled }) => name === person && disabled === null))
    throw new FairleadError('not_found', { kind: 'user', id: person })
}

/** Why Fairlead does not act by itself; null when it does, and where it is not asked to. */
async function whyNot(
  db: Database,
  incident: Incident,
  changes: IncidentChange[],
  now: number,
): Promise<string | null> {
  const decided = await automaticOf(db, incident, changes, now)
  return decided !== null && 'why' in decided ? decided.why : null
}

/** An incident with everything around it that the caller may see. */
export async function readIncident(
  db: Database,
  id: number,
  caller: Caller,
  now: number,
): Promise<IncidentDetail> {
  const incident = await mustGet(db, id)
  const withDrafts = may(caller, 'developer', incident.app)
  const [alerts, changes, events, messages, review, earlier, merged] = await Promise.all([
    alertsOfIncident(db, id),
    store.listChanges(db, id),
    eventsOfIncident(db, id),
    messagesOfIncident(db, id),
    getReview(db, id),
    earlierReviews(db, id, { withDrafts }),
    listMerged(db, id),
  ])
  const isVisible = (app: string | null): boolean =>
    app === null || app === incident.app || may(caller, 'viewer', app)
  return {
    ...incident,
    mitigations: await mitigationsOf(db, incident, changes, now),
    unautomatic: incident.over === null ? await whyNot(db, incident, changes, now) : null,
    ...{ alerts, earlier, merged, timeline: timelineOf(events, messages) },
    hasReview: review !== null && (withDrafts || review.audience !== 'draft'),
    changes: changes.filter(({ app }) => isVisible(app)),
  }
}
