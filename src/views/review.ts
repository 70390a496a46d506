import type { Attention } from '#contract/home/home.ts'
import type { EarlierReview } from '#contract/incident/incident.ts'
import type { ActionProof, Review, ReviewAction, ReviewAudience } from '#contract/review/review.ts'
import type { Evidence } from '#domains/review/proof.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import { monitorOfSource } from './incident.ts'

const isOverdue = (today: string): Statement => sql`a.state <> 'proven' and a.due < ${today}::date`

export interface ReviewFilter {
  incident?: number | undefined
  app?: string | undefined
  audience?: ReviewAudience | undefined
  overdue?: boolean | undefined
  before?: number | undefined
  /** only those of these apps; null for all */
  apps: string[] | null
  /** drafts only of these apps; null for all */
  draftsOf: string[] | null
  limit: number
}

/** Reviews with the facts of their incidents that a list shows, newest incident first. */
export async function listReviews(
  db: Database,
  filter: ReviewFilter,
  today: string,
): Promise<Review[]> {
  const { incident, app, audience, overdue, before, apps, draftsOf, limit } = filter
  const where = [
    sql`true`,
    ...(incident === undefined ? [] : [sql`r.incident = ${incident}`]),
    ...(app === undefined ? [] : [sql`i.app = ${app}`]),
    ...(audience === undefined ? [] : [sql`r.audience = ${audience}`]),
    ...(overdue === true ? [sql`n.overdue > 0`] : []),
    ...(before === undefined ? [] : [sql`r.incident < ${before}`]),
    ...(apps === null ? [] : [sql`i.app = any(${apps}::text[])`]),
    ...(draftsOf === null
      ? []
      : [sql`(r.audience <> 'draft' or i.app = any(${draftsOf}::text[]))`]),
  ]
  return db.query<Review>(sql`
    select r.incident, i.app, i.environment, i.service, i.title, i.severity,
      case when i.closed is not null then 'closed' when i.over is not null then 'over'
        when i.mitigated is not null then 'mitigated' else 'open' end as state,
      i.detected, r.begun, r.begun_by as "begunBy", r.version, r.edited,
      r.edited_by as "editedBy", r.audience, r.published, r.published_by as "publishedBy",
      json_build_object('total', n.total, 'proven', n.proven, 'overdue', n.overdue) as actions
    from review r join incident i on i.id = r.incident
      cross join lateral (select count(*)::int as total,
          (count(*) filter (where a.state = 'proven'))::int as proven,
          (count(*) filter (where ${isOverdue(today)}))::int as overdue
        from review_action a where a.review = r.incident) n
    where ${join(where, ' and ')} order by r.incident desc limit ${limit}`)
}

/** The kinds of what fired in an incident `i`; its fingerprint with its place. */
const kindsOf = sql`(select coalesce(array_agg(distinct k.kind order by k.kind), '{}') from (
    select case when i.opened_by = 'rollback' then 'rollback' end as kind
    union select coalesce(m.kind, case when f.source like 'crash-loop/%' then 'restarts'
      else split_part(f.source, '/', 1) end)
    from incident_alert l join alert_source f on f.alert = l.alert
      left join monitor m on m.id = ${monitorOfSource}
    where l.incident = i.id) k where k.kind is not null)`

/** An incident whose review begins, or whose review does not know yet what fired in it. */
export interface IncidentToReview {
  incident: number
  hasReview: boolean
  kinds: string[]
}

/**
 * The incidents that closed in the last week without a review, and the reviews of incidents whose
 * alerts are of kinds that the review does not have.
 */
export async function incidentsToReview(db: Database): Promise<IncidentToReview[]> {
  return db.query<IncidentToReview>(sql`
    select i.id as incident, r.incident is not null as "hasReview", to_json(${kindsOf}) as kinds
    from incident i left join review r on r.incident = i.id
    where r.incident is null and i.merged_into is null
        and i.closed > now() - interval '7 days'
      or (i.closed is null or i.closed > now() - interval '7 days')
        and r.incident is not null and not r.kinds @> ${kindsOf}
    order by i.id`)
}

export async function kindsOfIncident(db: Database, incident: number): Promise<string[]> {
  const rows = await db.query<{ kinds: string[] }>(
    sql`select to_json(${kindsOf}) as kinds from incident i where i.id = ${incident}`,
  )
  return rows[0]?.kinds ?? []
}

/** Reviews of earlier incidents of the same place, in which the same kind of alert fired. */
export async function earlierReviews(
  db: Database,
  incident: number,
  { withDrafts }: { withDrafts: boolean },
): Promise<EarlierReview[]> {
  return db.query<EarlierReview>(sql`
    select o.id as incident, o.title, o.detected, r.audience,
      (select count(*)::int from review_action a
        where a.review = o.id and a.state <> 'proven') as unproven
    from incident i join incident o on o.id < i.id and o.app is not distinct from i.app
        and o.environment is not distinct from i.environment
        and o.service is not distinct from i.service
      join review r on r.incident = o.id
    where i.id = ${incident} and r.kinds && ${kindsOf}
      and (${withDrafts} or r.audience <> 'draft')
    order by o.id desc limit 5`)
}

/** An action with what its proof is about. */
export interface ActionToJudge {
  id: number
  incident: number
  app: string | null
  environment: string | null
  incidentTitle: string
  title: string
  owner: string
  proof: ActionProof
  state: ReviewAction['state']
  reason: string
  failed: string | null
  /** when the incident began, ISO 8601 */
  began: string
  /** until when it was searched for the first failure of its proof; null: not yet */
  searched: string | null
}

const actionColumns = sql`a.id, a.review as incident, i.app, i.environment,
  i.title as "incidentTitle", a.title, a.owner, a.proof, a.state, a.reason, a.failed,
  a.searched, coalesce(i.onset_from, i.detected) as began`

/** Every action of every review. */
export const actionsToJudge = (db: Database): Promise<ActionToJudge[]> =>
  db.query<ActionToJudge>(sql`select ${actionColumns}
    from review_action a join incident i on i.id = a.review order by a.id`)

interface ProofPlace {
  app: string | null
  /** when the incident began, ISO 8601 */
  began: string
}

/** The evidence for an action: the first failure of its proof since then, and its state now. */
export async function evidenceOf(
  db: Database,
  place: ProofPlace,
  proof: ActionProof,
): Promise<Evidence> {
  const rows = await db.query<Evidence>(evidenceQuery(place, proof))
  return rows[0] ?? { failed: null, now: null }
}

function evidenceQuery(place: ProofPlace, proof: ActionProof): Statement {
  if (proof.kind === 'monitor') return monitorEvidence(place, proof)
  if (proof.kind === 'rehearsal') return rehearsalEvidence(place, proof)
  return runEvidence(place, outcomesOf(proof))
}

/** A monitor fails while it is degraded or down; what the log says of its past counts. */
const monitorEvidence = (
  { app, began }: ProofPlace,
  { environment, name }: { environment: string; name: string },
): Statement => sql`
  select least(min(e.time), case when bool_or(m.state in ('degraded', 'down'))
      then greatest(max(m.since), ${began}::timestamptz) end) as failed,
    case when max(m.id) is null then null else json_build_object('time',
      coalesce(min(m.since) filter (where m.state not in ('up', 'degraded', 'down')), max(m.since)),
      'outcome', case when bool_or(m.state in ('degraded', 'down')) then 'fails'
        when bool_and(m.state = 'up') then 'passes' else 'unknown' end) end as now
  from monitor m left join event e on e.app = ${app}::text
    and e.type = 'dev.cdeventsx.fairlead-monitor.changed' and e.time >= ${began}::timestamptz
    and e.subject = 'monitor/' || m.id and e.data ->> 'state' in ('degraded', 'down')
  where m.app = ${app}::text and m.environment = ${environment} and m.name = ${name}`

/** Days after which a rehearsal says nothing about now. */
const rehearsalDays = 8

const rehearsalEvidence = (
  { app, began }: ProofPlace,
  { environment, service }: { environment: string; service: string },
): Statement => sql`
  select min(h.ended) filter (where h.state = 'fails' and h.ended >= ${began}::timestamptz)
      as failed,
    (array_agg(json_build_object('time', case when h.state = 'returns'
      and h.ended < now() - ${rehearsalDays} * interval '1 day'
      then h.ended + ${rehearsalDays} * interval '1 day' else h.ended end, 'outcome', case
      when h.ended < now() - ${rehearsalDays} * interval '1 day' then 'unknown'
      when h.state = 'returns' then 'passes' when h.state = 'fails' then 'fails'
      else 'unknown' end) order by h.id desc))[1] as now
  from rehearsal h where h.app = ${app}::text and h.environment = ${environment}
    and h.service = ${service}`

/** The outcomes of a gate, a step or a test in a run `p`: rows of `failed` and `passed`. */
function outcomesOf({ kind, name }: { kind: 'gate' | 'step' | 'test'; name: string }): Statement {
  if (kind === 'gate')
    return sql`select g ->> 'state' = 'failed' as failed, g ->> 'state' = 'passed' as passed
      from summary s, json_array_elements(s.gates) g
      where s.run = p.id and g ->> 'name' = ${name}`
  if (kind === 'step')
    return sql`select s.state = 'failed' as failed, s.state = 'passed' as passed
      from step s where s.run = p.id and s.name = ${name} and s.state in ('failed', 'passed')`
  return sql`select t.outcome in ('failed', 'errored') as failed, t.outcome = 'passed' as passed
    from test_result t join test n on n.id = t.test
      join step s on s.run = t.run and s.name = t.step and s.attempt = t.attempt
    where t.run = p.id and ${name} in (n.name, n.suite || ' › ' || n.name)`
}

/** The newest runs of the branch that say how something is now. */
const newestRuns = 20

/**
 * A failure counts in any run; only the branch says how it is now, which is unknown when a newer
 * run has succeeded without it.
 */
const runEvidence = ({ app, began }: ProofPlace, outcomes: Statement): Statement => sql`
  with run as (
    select p.id, p.ended, p.pull_request, bool_or(o.failed) as failed,
      bool_or(o.passed) and not bool_or(o.failed) as passed
    from pipeline_run p cross join lateral (${outcomes}) o
    where p.id in (select e.id from pipeline_run e
        where e.app = ${app}::text and e.ended >= ${began}::timestamptz
      union (select b.id from pipeline_run b where b.app = ${app}::text
        and b.pull_request is null and b.ended is not null order by b.id desc limit ${newestRuns}))
    group by p.id)
  select min(r.ended) filter (where r.failed and r.ended >= ${began}::timestamptz) as failed,
    (array_agg(json_build_object('time', coalesce((select min(b.ended) from pipeline_run b
      where b.app = ${app}::text and b.pull_request is null and b.state = 'succeeded'
        and b.id > r.id), r.ended), 'outcome', case
      when r.id < (select max(b.id) from pipeline_run b where b.app = ${app}::text
        and b.pull_request is null and b.state = 'succeeded') then 'unknown'
      when r.failed then 'fails' when r.passed then 'passes' else 'unknown' end) order by r.id desc)
      filter (where r.pull_request is null and r.id in (select b.id from pipeline_run b
        where b.app = ${app}::text and b.pull_request is null and b.ended is not null
        order by b.id desc limit ${newestRuns})))[1] as now
  from run r`

/** The actions of a person in these apps whose last day has passed, as what needs them. */
export async function overdueActions(
  db: Database,
  { apps, owner, today }: { apps: string[]; owner: string; today: string },
): Promise<Attention[]> {
  return db.query<Attention>(sql`
    select 'action_overdue' as kind, i.app, i.environment, null as run, null as deployment,
      null as "pullRequest", i.id as incident, null as sha, a.title,
      concat('it follows from the review of incident ', i.id, ', was due on ', a.due,
        ', and is not proven: ', a.reason) as reason,
      (a.due + 1)::timestamp at time zone 'UTC' as since, null as refusal
    from review_action a join incident i on i.id = a.review
    where i.app = any(${apps}::text[]) and lower(a.owner) = lower(${owner})
      and ${isOverdue(today)}
    order by a.due, a.id limit 50`)
}
