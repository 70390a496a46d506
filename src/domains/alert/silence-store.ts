import type { Silence } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

const columns = sql`id, app, environment, service, until, reason, actor, created`

/** The silences that have not ended. `apps` limits them; null for all. */
export async function listSilences(
  db: Database,
  { app, apps }: { app?: string | undefined; apps: string[] | null },
): Promise<Silence[]> {
  const where = [sql`until > now()`]
  if (app !== undefined) where.push(sql`app = ${app}`)
  if (apps) where.push(sql`app = any(${apps}::text[])`)
  return db.query<Silence>(
    sql`select ${columns} from silence where ${join(where, ' and ')} order by until`,
  )
}

/** Reserves the id of a silence. */
export async function nextSilence(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('silence', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export const insertSilence = (silence: Omit<Silence, 'created'>): Statement =>
  sql`insert into silence (id, app, environment, service, until, reason, actor)
    overriding system value values (${silence.id}, ${silence.app}, ${silence.environment}::text,
      ${silence.service}::text, ${silence.until}::timestamptz, ${silence.reason},
      ${silence.actor}) returning ${columns}`

export const endSilence = (app: string, id: number): Statement =>
  sql`update silence set until = now() where id = ${id} and app = ${app} and until > now()`
