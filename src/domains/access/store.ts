import type { Token } from '#contract/access.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Caller } from '#contract/handler.ts'
import type { Database } from '#platform/postgres.ts'
import { sql, type Statement } from '#platform/sql.ts'

const tokenColumns = sql`id, name, role, apps, created, used, expires`

export async function listTokens(db: Database): Promise<Token[]> {
  return db.query<Token>(sql`select ${tokenColumns} from token order by created desc`)
}

export async function getToken(db: Database, id: string): Promise<Token | null> {
  return (await db.query<Token>(sql`select ${tokenColumns} from token where id = ${id}`))[0] ?? null
}

export function insertToken(token: {
  id: string
  hash: string
  name: string
  role: Role
  apps: string[] | null
  expires: string | null
}): Statement {
  return sql`insert into token (id, hash, name, role, apps, expires)
    values (${token.id}, ${token.hash}, ${token.name}, ${token.role}, ${token.apps}::text[], ${token.expires}::timestamptz) on conflict do nothing`
}

export function deleteToken(id: string): Statement {
  return sql`delete from token where id = ${id}`
}

/** Who a token stands for, when it is known and has not ended; remembers its use at most once a minute. */
export async function useToken(db: Database, hash: string): Promise<Caller | null> {
  const rows = await db.query<{
    id: string
    name: string
    role: Role
    apps: string[] | null
    stale: boolean
  }>(sql`select id, name, role, apps,
    used is null or used < now() - interval '1 minute' as stale from token where hash = ${hash} and (expires is null or expires > now())`)
  const [found] = rows
  if (!found) return null
  if (found.stale) await db.query(sql`update token set used = now() where id = ${found.id}`)
  const { name, role, apps } = found
  return apps === null ? { name, role } : { name, role, apps }
}

export function insertLink(link: { hash: string; name: string; role: Role; expires: string }): Statement {
  return sql`insert into link (hash, name, role, expires) values (${link.hash}, ${link.name}, ${link.role}, ${link.expires}::timestamptz)`
}

/** Takes a link: of two who try at once, one gets it. Old ones go on the way. */
export async function takeLink(db: Database, hash: string): Promise<Caller | null> {
  const rows = await db.query<Caller & { valid: boolean; hash: string }>(
    sql`delete from link where hash = ${hash} or expires < now() returning hash, name, role, expires > now() as valid`,
  )
  const found = rows.find((row) => row.hash === hash && row.valid)
  return found ? { name: found.name, role: found.role } : null
}

export function insertSession(session: { hash: string; name: string; role: Role; days: number }): Statement {
  return sql`insert into session (hash, name, role, expires)
    values (${session.hash}, ${session.name}, ${session.role}, now() + make_interval(days => ${session.days}))`
}

/** A session that is used every day ends all the same, after so many. */
const longestDays = 30

/** Who a session stands for; each use moves its end, at most once an hour. */
export async function useSession(db: Database, hash: string, days: number): Promise<Caller | null> {
  const rows = await db.query<
    Caller & { stale: boolean }
  >(sql`select name, role, expires < now() + make_interval(days => ${days}) - interval '1 hour' as stale
    from session where hash = ${hash} and expires > now() and created > now() - make_interval(days => ${longestDays})`)
  const [found] = rows
  if (!found) return null
  if (found.stale)
    await db.query(sql`update session set expires = now() + make_interval(days => ${days}) where hash = ${hash}`)
  return { name: found.name, role: found.role }
}

export function deleteSession(hash: string): Statement {
  return sql`delete from session where hash = ${hash}`
}
