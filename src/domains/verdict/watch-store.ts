import type { Watch } from '#contract/deployment/watch.ts'
import type { ArmCounts, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { ProvenRecord } from './record.ts'

/** A place in the seconds of a host process. */
export interface Position {
  run: string
  next: number
  /** by host, when the target has several */
  hosts?: Record<string, Position>
}

export interface StoredWatch extends Pick<
  Watch,
  'deployment' | 'state' | 'started' | 'until' | 'ended'
> {
  settings: VerdictSettings
  before: ArmCounts | null
  record: ProvenRecord | null
  position: Position | null
  reason: string | null
}

export async function getWatch(db: Database, deployment: number): Promise<StoredWatch | null> {
  const rows =
    await db.query<StoredWatch>(sql`select deployment, settings, before, record, position,
      started, until, state, reason, ended
    from watch where deployment = ${deployment}`)
  return rows[0] ?? null
}

export function insertWatch(watch: {
  deployment: number
  settings: VerdictSettings
  before: ArmCounts | null
  record: ProvenRecord | null
  position: Position | null
  /** milliseconds */
  length: number
}): Statement {
  const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))
  return sql`insert into watch (deployment, settings, before, record, position, until)
    values (${watch.deployment}, ${JSON.stringify(watch.settings)}::json,
      ${json(watch.before)}::json, ${json(watch.record)}::json, ${json(watch.position)}::json,
      now() + make_interval(secs => ${watch.length / 1000}))
    on conflict (deployment) do nothing`
}

/** Stores what was served once, and the place up to which the seconds of the host are stored. */
export function insertWatchLook(
  deployment: number,
  number: number,
  position: Position,
  look: Look,
): Statement[] {
  return [
    sql`insert into watch_look (deployment, number, look)
      values (${deployment}, ${number}, ${JSON.stringify(look)}::json)
      on conflict (deployment, number) do nothing`,
    sql`update watch set position = ${JSON.stringify(position)}::json
      where deployment = ${deployment}`,
  ]
}

/** What was served, oldest first. */
export async function listWatchLooks(db: Database, deployment: number): Promise<Look[]> {
  const rows = await db.query<{ look: Look }>(
    sql`select look from watch_look where deployment = ${deployment} order by number`,
  )
  return rows.map(({ look }) => look)
}

export function endWatch(deployment: number, state: Watch['state'], reason: string): Statement {
  return sql`update watch set state = ${state}, reason = ${reason}, ended = now()
    where deployment = ${deployment} and ended is null`
}
