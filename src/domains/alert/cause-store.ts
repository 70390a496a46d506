import type { AlertCause } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Cause, JudgedAlert } from './cause.ts'

/** Records a cause, once for each alert. */
export const insertCause = (
  alert: number,
  deployment: number | null,
  { how, authors, place, chance }: Cause,
): Statement =>
  sql`insert into alert_cause (alert, how, deployment, authors, place, chance_first, chance_three)
    values (${alert}, ${how}, ${deployment}::bigint, ${JSON.stringify(authors)}::jsonb,
      ${place}::int, ${chance.first}, ${chance.three}) on conflict do nothing`

/** Why an alert was over; null until it is known, and when no change ended it. */
export async function getCause(db: Database, alert: number): Promise<AlertCause | null> {
  const rows = await db.query<AlertCause>(sql`select how, deployment, place,
      (select coalesce(json_agg(author->>'name'), '[]') from jsonb_array_elements(authors)
        as author) as authors
    from alert_cause where alert = ${alert} and how <> 'none'`)
  return rows[0] ?? null
}

/** The alerts of an app with suspects that were over in the last days. */
export const listJudged = (db: Database, app: string, days: number): Promise<JudgedAlert[]> =>
  db.query<JudgedAlert>(sql`select c.how, c.place, c.chance_first as "chanceFirst",
      c.chance_three as "chanceThree",
      exists (select from alert_pass p, jsonb_array_elements(a.suspects) as suspect
        where p.alert = a.id and suspect->>'user' = p.person) as "isPassed"
    from alert a join alert_cause c on c.alert = a.id
    where a.app = ${app} and a.resolved > now() - ${days} * interval '1 day'`)
