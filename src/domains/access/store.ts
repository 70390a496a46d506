import type { Session, Token } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const tokenColumns = sql`t.id, t.name, t.role, t.apps, u.name as "user", t.created, t.used, t.expires`
const fromTokens = sql`from token t left join "user" u on u.id = t."user"`

/** Of a user, or, with null, all. */
export async function listTokens(db: Database, user: number | null): Promise<Token[]> {
  return db.query<Token>(
    sql`select ${tokenColumns} ${fromTokens} where ${user}::bigint is null or t."user" = ${user}::bigint order by t.created desc`,
  )
}

export async function getToken(
  db: Database,
  id: string,
): Promise<(Token & { owner: number | null }) | null> {
  const rows = await db.query<Token & { owner: number | null }>(
    sql`select ${tokenColumns}, t."user" as owner ${fromTokens} where t.id = ${id}`,
  )
  return rows[0] ?? null
}

export function insertToken(token: {
  id: string
  hash: string
  name: string
  role: Role
  apps: string[] | null
  user: number | null
  expires: string | null
}): Statement {
  return sql`insert into token (id, hash, name, role, apps, "user", expires)
    values (${token.id}, ${token.hash}, ${token.name}, ${token.role}, ${token.apps}::text[], ${token.user}::bigint, ${token.expires}::timestamptz)
    on conflict do nothing`
}

export function deleteToken(id: string): Statement {
  return sql`delete from token where id = ${id}`
}

/** What is stored of a user, for who uses a token or session of theirs. */
export interface Holder {
  user: number
  name: string
  email: string | null
  role: Role | null
  apps: Record<string, Role>
  groups: string[]
}

const holder = sql`case when u.id is not null then json_build_object('user', u.id, 'name', u.name, 'email', u.email, 'role', u.role,
  'groups', u.groups, 'apps', (select coalesce(json_object_agg(app, role), '{}') from user_role where "user" = u.id)) end as holder`

export interface UsedToken {
  id: string
  name: string
  role: Role
  apps: string[] | null
  /** null for a token of this machine */
  holder: Holder | null
}

/**
 * A token that is known and has not ended, of a user who may come in; remembers its use at most
 * once a minute.
 */
export async function useToken(db: Database, hash: string): Promise<UsedToken | null> {
  const rows = await db.query<
    UsedToken & { stale: boolean }
  >(sql`select t.id, t.name, t.role, t.apps, ${holder},
    t.used is null or t.used < now() - interval '1 minute' as stale ${fromTokens}
    where t.hash = ${hash} and (t.expires is null or t.expires > now()) and u.disabled is null`)
  const [found] = rows
  if (!found) return null
  if (found.stale)
    await db.batch([
      sql`update token set used = now() where id = ${found.id}`,
      sql`update "user" set seen = now() where id = ${found.holder?.user ?? null}::bigint`,
    ])
  return found
}

export interface Link {
  name: string
  /** to give to the user; null leaves what they have */
  role: Role | null
}

export function insertLink(link: Link & { hash: string; expires: string }): Statement {
  return sql`insert into link (hash, name, role, expires) values (${link.hash}, ${link.name}, ${link.role}, ${link.expires}::timestamptz)`
}

/** Takes a link: of two who try at once, one gets it. Old ones go on the way. */
export async function takeLink(db: Database, hash: string): Promise<Link | null> {
  const rows = await db.query<Link & { valid: boolean; hash: string }>(
    sql`delete from link where hash = ${hash} or expires < now() returning hash, name, role, expires > now() as valid`,
  )
  const found = rows.find((row) => row.hash === hash && row.valid)
  return found ? { name: found.name, role: found.role } : null
}

export interface NewSession {
  id: string
  hash: string
  way: Session['way']
  days: number
  address: string
  agent: string | null
}

/** For the user of that name, if they may come in. */
export function insertSession(session: NewSession, user: string): Statement {
  return sql`insert into session (id, hash, "user", way, address, agent, expires)
    select ${session.id}::text, ${session.hash}::text, id, ${session.way}::text, ${session.address}::text, ${session.agent}::text,
      now() + make_interval(days => ${session.days}) from "user" where lower(name) = lower(${user}) and disabled is null`
}

/** A session that is used every day ends all the same, after so many. */
const longestDays = 30
const isOpen = sql`s.expires > now() and s.created > now() - make_interval(days => ${longestDays})`

/** Whose session it is; each use moves its end, at most once a minute. */
export async function useSession(
  db: Database,
  { hash, address, days }: { hash: string; address: string; days: number },
): Promise<{ id: string; holder: Holder } | null> {
  const rows = await db.query<{
    id: string
    holder: Holder
    stale: boolean
  }>(sql`select s.id, ${holder},
    s.seen < now() - interval '1 minute' as stale from session s join "user" u on u.id = s."user"
    where s.hash = ${hash} and ${isOpen} and u.disabled is null`)
  const [found] = rows
  if (!found) return null
  if (found.stale)
    await db.batch([
      sql`update session set seen = now(), address = ${address}, expires = now() + make_interval(days => ${days}) where hash = ${hash}`,
      sql`update "user" set seen = now() where id = ${found.holder.user}`,
    ])
  return found
}

type StoredSession = Omit<Session, 'isCurrent'>

export async function listSessions(db: Database, user: number): Promise<StoredSession[]> {
  return db.query<StoredSession>(sql`select s.id, u.name as "user", s.way, s.created, s.seen,
      least(s.expires, s.created + make_interval(days => ${longestDays})) as expires, s.address, s.agent
    from session s join "user" u on u.id = s."user" where s."user" = ${user} and ${isOpen} order by s.seen desc, s.id`)
}

export async function getSession(
  db: Database,
  of: { id: string } | { hash: string },
): Promise<{ id: string; user: string; owner: number; way: Session['way'] } | null> {
  const where = 'id' in of ? sql`s.id = ${of.id}` : sql`s.hash = ${of.hash}`
  const rows = await db.query<{ id: string; user: string; owner: number; way: Session['way'] }>(
    sql`select s.id, s."user" as owner, s.way, u.name as "user" from session s join "user" u on u.id = s."user" where ${where}`,
  )
  return rows[0] ?? null
}

export function deleteSession(id: string): Statement {
  return sql`delete from session where id = ${id}`
}

export function deleteSessions(user: number, except: string | null): Statement {
  return sql`delete from session where "user" = ${user} and id is distinct from ${except}`
}

/**
 * Remembers an answer of the provider for as long as it could be shown again; false when it was
 * taken before.
 */
export async function takeSignIn(db: Database, hash: string, minutes: number): Promise<boolean> {
  await db.query(sql`delete from sign_in where expires < now()`)
  const rows =
    await db.query(sql`insert into sign_in (hash, expires) values (${hash}, now() + make_interval(mins => ${minutes}))
    on conflict do nothing returning hash`)
  return rows.length > 0
}
