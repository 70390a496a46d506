import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement, toJson } from '#platform/postgres/sql.ts'
import type { ToldAction } from './issue.ts'

const at = (ms: number): Statement => sql`${new Date(ms).toISOString()}::timestamptz`

/** Requests the issue of an action. Fails when it has one. */
export const requestIssue = (
  { action, review, app }: { action: number; review: number; app: string },
  now: number,
): Statement => sql`insert into review_issue (action, review, app, requested)
  values (${action}, ${review}, ${app}, ${at(now)})`

export async function hasIssue(db: Database, action: number): Promise<boolean> {
  const rows = await db.query(sql`select from review_issue where action = ${action}`)
  return rows.length > 0
}

/** Stores which issue an action has, and where. */
export const putIssue = (
  action: number,
  issue: { place: string; number: number; url: string | null; told: ToldAction },
): Statement => sql`update review_issue set place = ${issue.place}, number = ${issue.number},
    url = ${issue.url}, told = ${toJson(issue.told)}::jsonb, problem = null
  where action = ${action}`

/** Stores what an issue says now. */
export const setTold = (action: number, told: ToldAction, now: number): Statement =>
  sql`update review_issue set told = ${toJson(told)}::jsonb, looked = ${at(now)}, problem = null
    where action = ${action}`

export const setIssueProblem = (action: number, problem: string, now: number): Statement =>
  sql`update review_issue set problem = ${problem}, looked = ${at(now)} where action = ${action}`

/** Remembers why an action is removed, for its issue. */
export const setRemoved = (action: number, reason: string): Statement =>
  sql`update review_issue set removed = ${reason} where action = ${action}`

export const deleteIssue = (action: number): Statement =>
  sql`delete from review_issue where action = ${action}`
