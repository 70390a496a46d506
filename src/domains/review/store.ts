import type { ActionProof, ReviewAction, ReviewAudience } from '#contract/review/review.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement, toJson } from '#platform/postgres/sql.ts'
import type { Sections } from './markdown.ts'
import type { Judgement } from './proof.ts'

/** A review without its incident. */
export interface StoredReview {
  incident: number
  version: number
  sections: Sections
  outside: string | null
  audience: ReviewAudience
}

export async function getReview(db: Database, incident: number): Promise<StoredReview | null> {
  const rows = await db.query<StoredReview>(sql`select incident, version, sections, outside,
    audience from review where incident = ${incident}`)
  return rows[0] ?? null
}

const at = (ms: number): Statement => sql`${new Date(ms).toISOString()}::timestamptz`

/** Begins the review of an incident. Fails with SQLSTATE 23505 when it has one. */
export const insertReview = (
  incident: number,
  { kinds, by, now }: { kinds: string[]; by: string; now: number },
): Statement => sql`insert into review (incident, kinds, begun, begun_by)
  values (${incident}, ${kinds}::text[], ${at(now)}, ${by})`

/** Remembers what fired in an incident, for as long as its review is kept. */
export const addKinds = (incident: number, kinds: string[]): Statement =>
  sql`update review set kinds = array(select distinct k
      from unnest(kinds || ${kinds}::text[]) k order by k)
    where incident = ${incident}`

/** Fails, with everything in its batch, when the review has another version. */
const next = (before: number): Statement =>
  sql`case when version = ${before}::int then version + 1 end`

export const setSections = (
  incident: number,
  { before, sections, by, now }: { before: number; sections: Sections; by: string; now: number },
): Statement => sql`update review set version = ${next(before)},
    sections = sections || ${toJson(sections)}::jsonb, edited = ${at(now)}, edited_by = ${by}
  where incident = ${incident}`

export const setAudience = (
  incident: number,
  one: {
    before: number
    audience: ReviewAudience
    outside: string | null
    by: string
    now: number
  },
): Statement => {
  const isDraft = one.audience === 'draft'
  return sql`update review set version = ${next(one.before)}, audience = ${one.audience},
      outside = ${one.outside}::text, published = ${isDraft ? sql`null` : at(one.now)},
      published_by = ${isDraft ? null : one.by}::text
    where incident = ${incident}`
}

/** The actions of a review in their order; `today` is the day of the clock, UTC. */
export const listActions = (db: Database, incident: number, today: string) =>
  db.query<ReviewAction>(sql`select a.id, a.title, a.owner, a.due::text, a.proof, a.state, a.reason,
      a.since, a.failed, (a.state <> 'proven' and a.due < ${today}::date) as "isOverdue",
      case when n.action is not null
        then json_build_object('number', n.number, 'url', n.url, 'problem', n.problem) end as issue
    from review_action a left join review_issue n on n.action = a.id
    where a.review = ${incident} order by a.id`)

/** Reserves the id of an action. */
export async function nextAction(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('review_action', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export interface PlannedAction {
  title: string
  owner: string
  due: string
  proof: ActionProof
}

export const putAction = (
  { id, incident }: { id: number; incident: number },
  { title, owner, due, proof }: PlannedAction,
  { state, reason, failed, since }: Judgement & { since: string },
): Statement => sql`insert into review_action as a
    (id, review, title, owner, due, proof, state, reason, since, failed)
    overriding system value
    values (${id}, ${incident}, ${title}, ${owner}, ${due}::date, ${toJson(proof)}::jsonb, ${state},
      ${reason}, ${since}::timestamptz, ${failed}::timestamptz)
    on conflict (id) do update set title = excluded.title, owner = excluded.owner,
      due = excluded.due, proof = excluded.proof, state = excluded.state,
      reason = excluded.reason, since = excluded.since, failed = excluded.failed,
      searched = case when a.proof = excluded.proof then a.searched end`

/**
 * Stores a judgement; the state began now if it is another one. Fails with SQLSTATE 22012, with
 * everything in its batch, when the action is gone, or has another proof or state meanwhile.
 */
export const judge = (
  { id, proof, state: before }: Pick<ReviewAction, 'id' | 'proof' | 'state'>,
  { state, reason, failed }: Judgement,
  now: number,
): Statement =>
  sql`with judged as (update review_action set
        since = case when state = ${state} then since else ${at(now)} end,
        state = ${state}, reason = ${reason}, failed = ${failed}::timestamptz
      where id = ${id} and proof = ${toJson(proof)}::jsonb and state = ${before} returning 1)
    select 1 / count(*) from judged`

/** Stores until when an action was searched for the first failure of its proof. */
export const setSearched = (
  { id, proof }: { id: number; proof: ActionProof },
  until: number,
): Statement =>
  sql`update review_action set searched = ${at(until)}
    where id = ${id} and proof = ${toJson(proof)}::jsonb`

export const deleteAction = (id: number): Statement =>
  sql`delete from review_action where id = ${id}`
