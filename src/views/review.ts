import type { Attention } from '#contract/home/home.ts'
import type { EarlierReview } from '#contract/incident/incident.ts'
import type { ActionProof, Review, ReviewAction, ReviewAudience } from '#contract/review/review.ts'
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
