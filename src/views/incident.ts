import type { IncidentAlert } from '#contract/incident/incident.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import type { Measure, Rollback } from '#domains/incident/measures.ts'
import type { FeltAlert, Harm } from '#domains/incident/reconcile.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const ms = (time: Statement): Statement => sql`(extract(epoch from ${time}) * 1000)::float8`

/** An alert with what an incident needs to know of it. */
export interface AlertOfIncident extends Omit<FeltAlert, 'onset' | 'acknowledged'> {
  urgency: 'low' | 'high'
  /** the incident that it belongs to */
  incident: number | null
  from: number | null
  until: number | null
  acknowledgedAt: number | null
  acknowledgedBy: string | null
}

/**
 * The monitor of a source `f` of an alert; null for another source. PostgreSQL may evaluate the
 * conditions of a join in any order, but not the branches of a CASE.
 */
export const monitorOfSource = sql`
  case when f.source like 'monitor/%' then split_part(f.source, '/', 2)::bigint end`

/**
 * The alerts that go on or ended in the last hour, and those of incidents that are not closed. An
 * alert while an experiment breaks the environment opens no incident, unless it outlasts it.
 */
export async function alertsForIncidents(db: Database): Promise<AlertOfIncident[]> {
  return db.query<AlertOfIncident>(sql`
    select a.id as alert, a.app, a.environment, a.service, a.title, a.reason, a.deployment,
      a.urgency, a.occurrence, ${ms(sql`a.onset_from`)} as from, ${ms(sql`a.onset_until`)} as until,
      ${ms(sql`a.opened`)} as opened, s.ended, s.kinds, s.monitors, s.rollouts,
      l.incident,
      ${ms(sql`k.time`)} as "acknowledgedAt", k.actor as "acknowledgedBy"
    from alert a
      left join incident_alert l on l.alert = a.id
      join lateral (
        select case when bool_and(f.ended is not null) then ${ms(sql`max(f.ended)`)} end as ended,
          json_agg(distinct coalesce(m.kind, case when f.source like 'crash-loop/%'
            then 'restarts' else split_part(f.source, '/', 1) end)) as kinds,
          coalesce(json_agg(distinct m.name) filter (where m.name is not null), '[]') as monitors,
          coalesce(json_agg(distinct split_part(f.source, '/', 3))
            filter (where f.source like 'rollout/%'), '[]') as rollouts
        from alert_source f left join monitor m on m.id = ${monitorOfSource}
        where f.alert = a.id) s on s.kinds is not null
      left join lateral (select e.time, e.actor from alert_entry e
        where e.alert = a.id and e.kind = 'acknowledged' order by e.id limit 1) k on true
    where (a.resolved is null or a.resolved > now() - interval '1 hour'
        or exists (select from incident i where i.id = l.incident and i.closed is null))
      and (l.incident is not null or not exists (select from experiment_run x
        where x.app = a.app and x.environment = a.environment and x.made <= a.opened
          and x.ended is null))
    order by a.id`)
}

/** Releases that a watch rolled back in the last hour. */
export async function harmfulReleases(db: Database): Promise<Harm[]> {
  return db.query<Harm>(sql`
    select w.deployment, d.app, d.environment, coalesce(w.reason, 'it did harm') as reason,
      ${ms(sql`coalesce(d.live, w.started)`)} as from, ${ms(sql`w.ended`)} as at
    from watch w join deployment d on d.id = w.deployment
      join environment e on e.app = d.app and e.name = d.environment
    where w.state = 'harmful' and w.ended > now() - interval '1 hour' and e.pull_request is null
      and e.position = (select max(position) from environment
        where app = d.app and pull_request is null)
      and not exists (select from incident i where i.app = d.app
        and i.environment = d.environment and i.deployment = d.id)`)
}

/** The rollbacks of the last day that went live. */
export async function recentRollbacks(db: Database): Promise<Rollback[]> {
  return db.query<Rollback>(sql`
    select id as deployment, app, environment, ${ms(sql`live`)} as at from deployment
    where kind = 'rollback' and live > now() - interval '1 day' order by live`)
}

/** What was done in the last day that may stop harm. */
export async function recentMeasures(db: Database): Promise<Measure[]> {
  return db.query<Measure>(sql`
    select v.app, split_part(v.subject, '/', 3) as environment, ${ms(sql`v.time`)} as at,
      case when v.type like '%.restarted' then (select ${ms(sql`max(b.time)`)} from event b
        where b.app = v.app and b.type = 'dev.cdeventsx.fairlead-service.restarting'
          and b.subject = v.subject and b.data->>'service' = v.data->>'service'
          and b.id < v.id) end as begun,
      case when v.type like '%.restarted' then 'restart'
        when v.type like '%-scale.%' then 'scale'
        when v.type like '%-maintenance.%' then 'maintenance' else 'switch' end as kind,
      coalesce(v.data->>'service', v.data->>'name', '') as name,
      coalesce(v.data->>'reason', '') as reason,
      case when v.type like '%.pulled' then v.data->>'monitor' end as monitor,
      v.type like '%.rolledback' as "isSetBack",
      case when v.type like '%.restarted' then v.actor || ' restarted ' || (v.data->>'service')
        when v.type like '%-scale.%' then concat(v.actor, ' changed the instances of ',
          v.data->>'service', ' from ', v.data->>'from', ' to ', v.data->>'to')
        when v.type like '%-maintenance.%' then v.actor || ' started the maintenance page'
        when v.type like '%.rolledback' then 'Fairlead set the switch ' || (v.data->>'name')
          || ' back'
        else coalesce('the monitor ' || (v.data->>'monitor'), v.actor)
          || ' turned off the switch ' || (v.data->>'name') end as what
    from event v where v.time > now() - interval '1 day' and v.app is not null
      and (v.type in ('dev.cdeventsx.fairlead-switch.pulled',
          'dev.cdeventsx.fairlead-switch.rolledback',
          'dev.cdeventsx.fairlead-maintenance.started', 'dev.cdeventsx.fairlead-scale.changed')
        or v.type = 'dev.cdeventsx.fairlead-scale.ended'
          and not (v.data->>'isReleased')::boolean
        or v.type = 'dev.cdeventsx.fairlead-switch.changed' and v.data->>'to' = 'off'
        or v.type = 'dev.cdeventsx.fairlead-service.restarted' and v.data->>'problem' is null)
    union all
    select e.app, e.environment, ${ms(sql`v.time`)}, null, 'drain', split_part(v.subject, '/', 2),
      v.data->>'reason', null, false,
      v.actor || ' drained the host ' || split_part(v.subject, '/', 2)
    from event v, jsonb_to_recordset(v.data->'environments') as e (app text, environment text)
    where v.type = 'dev.cdeventsx.fairlead-host.drained' and v.time > now() - interval '1 day'
    order by at`)
}

/** What breaks the rules of the business now, in the incidents that are not closed. */
export async function entitiesOfIncidents(
  db: Database,
): Promise<{ incident: number; monitor: string; entities: string[]; since: string }[]> {
  return db.query(sql`select distinct l.incident, m.name as monitor, m.entities, now() as since
    from incident i join incident_alert l on l.incident = i.id
      join alert_source f on f.alert = l.alert join monitor m on m.id = ${monitorOfSource}
    where i.closed is null and f.ended is null and cardinality(m.entities) > 0`)
}

/** The alerts of an incident, oldest first. */
export async function alertsOfIncident(db: Database, incident: number): Promise<IncidentAlert[]> {
  return db.query<IncidentAlert>(sql`
    select a.id, a.title, a.reason, a.opened, a.resolved
    from incident_alert l join alert a on a.id = l.alert where l.incident = ${incident}
    order by a.id`)
}

/** Types of events that a timeline shows; runs and their steps are elsewhere. */
const timelineTypes = [
  ...['dev.cdevents.service.%', 'dev.cdevents.incident.%', 'dev.cdevents.environment.modified'],
  ...['incident', 'alert', 'crashloop', 'configuration', 'verdict', 'rehearsal', 'drift'].map(
    (noun) => `dev.cdeventsx.fairlead-${noun}.%`,
  ),
  ...[
    'job',
    'switch',
    'silence',
    'externalchange',
    'deployment',
    'restart',
    'service',
    'maintenance',
    'scale',
  ].map((noun) => `dev.cdeventsx.fairlead-${noun}.%`),
]
/** Hours before the harm that a timeline shows. */
const hoursBefore = 1
const mostEvents = 500

/** The events of the log that tell the story of an incident, oldest first. */
export async function eventsOfIncident(db: Database, incident: number): Promise<StoredEvent[]> {
  return db.query<StoredEvent>(sql`
    select e.id, e.time, e.type, e.version, e.subject, e.chain, e.app, e.actor, e.by, e.data
    from incident i join event e on e.subject = 'incident/' || i.id
        or e.subject in (select 'incident/' || p.id from incident p where p.merged_into = i.id)
        or e.subject in (select 'alert/' || l.alert from incident_alert l where l.incident = i.id)
        or e.app = i.app and e.type like any(${timelineTypes}::text[])
          and e.subject not like 'incident/%' and e.subject not like 'alert/%'
          and (e.data->>'environment' is null or e.data->>'environment' = i.environment)
    where i.id = ${incident}
      and e.time between coalesce(i.onset_from, i.detected) - ${hoursBefore} * interval '1 hour'
        and coalesce(i.closed + interval '30 days', now())
      and (e.subject = 'incident/' || i.id or e.time <= coalesce(i.closed, now()))
    order by e.id limit ${mostEvents}`)
}

/** A message about an alert of an incident. */
export interface SentMessage {
  time: string
  alert: number
  channel: string
  person: string | null
  kind: 'opened' | 'acted' | 'resolved'
  state: 'sent' | 'failed'
  problem: string | null
}

/** Refusals after which a message counts as not arrived, although it is tried again for a day. */
const manyTries = 5

/** Who was told what, and when; also what no channel accepted. */
export async function messagesOfIncident(db: Database, incident: number): Promise<SentMessage[]> {
  return db.query<SentMessage>(sql`
    select coalesce(n.sent, least(n.due, now())) as time, n.alert, n.channel, n.person, n.kind,
      case when n.state = 'sent' then 'sent' else 'failed' end as state, n.problem
    from incident_alert l join notification n on n.alert = l.alert
    where l.incident = ${incident}
      and (n.state <> 'pending' or n.tries >= ${manyTries} and n.problem is not null)
    order by time, n.id limit 500`)
}
