import type { Session } from '#contract/access/access.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { type Principal, principalColumn } from './principal.ts'

/** Days without use after which a session expires. */
export const sessionDays = 7
/** Days after which a session expires even when it is used. */
const maxDays = 30

const isOpen = sql`s.expires > now() and s.created > now() - make_interval(days => ${maxDays})`
const fromSessions = sql`from session s join "user" u on u.id = s."user"`

export interface NewSession {
  id: string
  hash: string
  /** the hash of the key that the console sends with the cookie */
  keyHash: string
  way: Session['way']
  address: string
  agent: string | null
}

/** Inserts a session of the user with that name, unless the user is disabled. */
export function insertSession(session: NewSession, user: string): Statement {
  const { id, hash, keyHash, way, address, agent } = session
  return sql`insert into session (id, hash, key_hash, "user", way, address, agent, expires)
    select ${id}::text, ${hash}::text, ${keyHash}::text, id, ${way}::text, ${address}::text,
      ${agent}::text, now() + make_interval(days => ${sessionDays})
    from "user" where lower(name) = lower(${user}) and disabled is null`
}

/**
 * Finds an open session by the hashes of its cookie and its key, unless its user is disabled. Its
 * use extends it, at most once a minute.
 */
export async function useSession(
  db: Database,
  { hash, keyHash, address }: { hash: string; keyHash: string; address: string },
): Promise<{ id: string; user: Principal } | null> {
  const rows = await db.query<{
    id: string
    user: Principal
    isStale: boolean
  }>(sql`select s.id, ${principalColumn}, s.seen < now() - interval '1 minute' as "isStale"
    ${fromSessions} where s.hash = ${hash}
      and s.key_hash = ${keyHash} and ${isOpen} and u.disabled is null`)
  const [session] = rows
  if (!session) return null
  if (session.isStale)
    await db.batch([
      sql`update session set seen = now(), address = ${address},
        expires = now() + make_interval(days => ${sessionDays}) where hash = ${hash}`,
      sql`update "user" set seen = now() where id = ${session.user.id}`,
    ])
  return session
}

type StoredSession = Omit<Session, 'isCurrent'>

/** The open sessions of a user, the last used first. */
export async function listSessions(db: Database, user: number): Promise<StoredSession[]> {
  return db.query<StoredSession>(sql`select s.id, u.name as "user", s.way, s.created, s.seen,
      least(s.expires, s.created + make_interval(days => ${maxDays})) as expires,
      s.address, s.agent
    ${fromSessions} where s."user" = ${user} and ${isOpen} order by s.seen desc, s.id`)
}

export interface SessionOwner {
  id: string
  /** the name of the user */
  user: string
  /** the id of the user */
  owner: number
  way: Session['way']
}

export async function getSession(
  db: Database,
  key: { id: string } | { hash: string },
): Promise<SessionOwner | null> {
  const where = 'id' in key ? sql`s.id = ${key.id}` : sql`s.hash = ${key.hash}`
  const rows = await db.query<SessionOwner>(
    sql`select s.id, s."user" as owner, s.way, u.name as "user" ${fromSessions} where ${where}`,
  )
  return rows[0] ?? null
}

export function deleteSession(id: string): Statement {
  return sql`delete from session where id = ${id}`
}

/** Deletes all sessions of a user, except one. */
export function deleteSessions(user: number, except: string | null = null): Statement {
  return sql`delete from session where "user" = ${user} and id is distinct from ${except}`
}
