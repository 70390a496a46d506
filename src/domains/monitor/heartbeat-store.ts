import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Beats } from '#platform/monitor/monitor-kind.ts'

export interface HeartbeatKey {
  app: string
  environment: string
  name: string
}

/** Gives each of these heartbeats an address, unless it has one. */
export const createHeartbeats = (keys: HeartbeatKey[]): Statement =>
  sql`insert into heartbeat (app, environment, name, key)
    select w.app, w.environment, w.name, replace(gen_random_uuid()::text, '-', '')
    from json_to_recordset(${JSON.stringify(keys)}::json)
      as w(app text, environment text, name text)
    on conflict do nothing`

export async function getBeats(
  db: Database,
  { app, environment, name }: HeartbeatKey,
): Promise<(Beats & { key: string }) | null> {
  const rows = await db.query<{
    key: string
    created: string
    started: string | null
    ended: string | null
    failed: boolean
    message: string
  }>(sql`select key, created, started, ended, failed, message from heartbeat
    where app = ${app} and environment = ${environment} and name = ${name}`)
  const [row] = rows
  if (!row) return null
  const ms = (time: string | null): number | null => (time === null ? null : Date.parse(time))
  return {
    ...{ key: row.key, created: Date.parse(row.created), message: row.message },
    ...{ started: ms(row.started), ended: ms(row.ended), isFailed: row.failed },
  }
}

/** Records a call; returns whether the heartbeat exists. */
export async function recordCall(
  db: Database,
  key: string,
  { state, message }: { state: 'started' | 'ended' | 'failed'; message: string },
): Promise<boolean> {
  const rows = await db.query(
    state === 'started'
      ? sql`update heartbeat set started = now() where key = ${key} returning name`
      : sql`update heartbeat set ended = now(), failed = ${state === 'failed'}::boolean,
          message = ${message} where key = ${key} returning name`,
  )
  return rows.length > 0
}
