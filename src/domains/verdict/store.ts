import type { Canary, Judgement, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface StoredVerdict extends Canary {
  /** how many counts of each host are stored; `''` for a target with one */
  places: Record<string, number>
  promotedBy: string | null
  decided: Judgement | null
  /** Whether the time was up when the verdict was decided. */
  isOver: boolean
}

export async function getVerdict(db: Database, deployment: number): Promise<StoredVerdict | null> {
  const rows = await db.query<StoredVerdict>(
    sql`select deployment, state, baseline, fresh, share, steps, least, most, settings,
        coalesce(places, json_build_object('', place)) as places,
        promoted_by as "promotedBy", decided, is_over as "isOver", started, ended
      from verdict where deployment = ${deployment}`,
  )
  return rows[0] ?? null
}

export interface NewVerdict {
  deployment: number
  baseline: number
  fresh: boolean
  share: number
  steps: number[]
  least: number
  most: number
  settings: VerdictSettings
}

export function insertVerdict(verdict: NewVerdict): Statement {
  return sql`insert into verdict (deployment, baseline, fresh, share, steps, least, most, settings)
    values (${verdict.deployment}, ${verdict.baseline}, ${verdict.fresh}, ${verdict.share},
      ${JSON.stringify(verdict.steps)}::json, ${verdict.least}, ${verdict.most},
      ${JSON.stringify(verdict.settings)}::json)
    on conflict (deployment) do nothing`
}

export function setShare(deployment: number, share: number): Statement {
  return sql`update verdict set share = ${share} where deployment = ${deployment}`
}

export function setVerdictState(deployment: number, state: Canary['state']): Statement {
  const isOver = state !== 'running' && state !== 'waiting'
  return sql`update verdict set state = ${state}, ended = case when ${isOver} then now() end
    where deployment = ${deployment} and state in ('running', 'waiting')`
}

/** Records the deciding judgement. */
export function setDecided(deployment: number, judgement: Judgement, isOver: boolean): Statement {
  return sql`update verdict set decided = ${JSON.stringify(judgement)}::json, is_over = ${isOver}
    where deployment = ${deployment}`
}

/** Stores an observation once, and up to where the counts of each host are stored. */
export function insertLook(
  deployment: number,
  number: number,
  places: StoredVerdict['places'],
  look: Look,
): Statement[] {
  const place = Object.values(places).reduce((sum, one) => sum + one, 0)
  const several = '' in places ? null : JSON.stringify(places)
  return [
    sql`insert into verdict_look (deployment, number, look)
      values (${deployment}, ${number}, ${JSON.stringify(look)}::json)
      on conflict (deployment, number) do nothing`,
    sql`update verdict set place = ${place}, places = ${several}::json
      where deployment = ${deployment} and place <= ${place}`,
  ]
}

/** All observations, oldest first. */
export async function listLooks(db: Database, deployment: number): Promise<Look[]> {
  const rows = await db.query<{ look: Look }>(
    sql`select look from verdict_look where deployment = ${deployment} order by number`,
  )
  return rows.map(({ look }) => look)
}

/**
 * Records a request to promote the canary. Returns the statements to commit with its event, and
 * whether the canary is still running.
 */
export function askToPromote(
  deployment: number,
  actor: string,
): { ask: Statement; isUnderWay: Statement } {
  const where = sql`deployment = ${deployment} and state in ('running', 'waiting')`
  return {
    ask: sql`update verdict set promoted_by = coalesce(promoted_by, ${actor}) where ${where}`,
    isUnderWay: sql`select deployment from verdict where ${where}`,
  }
}
