import type { ActionToTell, ToldAction } from '#domains/review/issue.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** An issue that does not say what it should, or whose state was not read for a while. */
export interface IssueToSync {
  action: number
  review: number
  app: string
  /** of the incident; null when the action or its incident is gone */
  environment: string | null
  incidentTitle: string | null
  key: string
  /** ISO 8601 */
  requested: string
  /** at the Git provider that the app has now; null until it is created there */
  number: number | null
  told: ToldAction | null
  removed: string | null
  /** null when the action was removed */
  wanted: ActionToTell | null
}

export interface IssueTimes {
  /** milliseconds since 1970 */
  now: number
  /** milliseconds between two looks at the state of an issue */
  interval: number
}

/** The issues that are to be synchronised, with the forge of their app. */
const due = ({ now, interval }: IssueTimes): Statement => {
  const at = new Date(now).toISOString()
  const before = new Date(now - interval).toISOString()
  const isOld = sql`(n.looked is null or n.looked < ${before}::timestamptz)`
  const told = sql`jsonb_build_object('title', a.title, 'owner', a.owner, 'due', a.due::text,
    'proof', a.proof, 'isProven', a.state = 'proven',
    'isOverdue', a.state <> 'proven' and a.due < (${at}::timestamptz at time zone 'UTC')::date)`
  return sql`
    select n.action, n.review, n.app, i.environment, i.title as "incidentTitle", n.key::text,
      n.requested, case when p.is_here then n.number end as number,
      case when p.is_here then n.told end as told, n.removed,
      case when a.id is not null
        then ${told} || jsonb_build_object('reason', a.reason, 'since', a.since) end as wanted
    from review_issue n join forge f on f.app = n.app
      cross join lateral (select coalesce(n.place = concat_ws(' ', f.kind, f.url, f.repository),
        false) as is_here) p
      left join review_action a on a.id = n.action
      left join incident i on i.id = a.review
    where case when n.problem is not null then ${isOld}
      else a.id is null or not p.is_here or n.told is distinct from ${told}
        or (a.state <> 'proven' and ${isOld}) end`
}

/** The apps that have issues to synchronise. */
export async function appsWithDueIssues(db: Database, times: IssueTimes): Promise<string[]> {
  const rows = await db.query<{ app: string }>(sql`select distinct app from (${due(times)}) due`)
  return rows.map(({ app }) => app)
}

/** The issues of an app that are to be synchronised, the oldest first. */
export const listDueIssues = (
  db: Database,
  { app, limit, ...times }: IssueTimes & { app: string; limit: number },
): Promise<IssueToSync[]> =>
  db.query<IssueToSync>(
    sql`select * from (${due(times)}) due where app = ${app} order by action limit ${limit}`,
  )
