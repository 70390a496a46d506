import type { Token } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { type Principal, principalColumn } from './principal.ts'

const columns = sql`t.id, t.name, t.role, t.apps, u.name as "user", t.created, t.used, t.expires`
const fromTokens = sql`from token t left join "user" u on u.id = t."user"`

/** The tokens of a user, or all tokens when `user` is null; newest first. */
export async function listTokens(db: Database, user: number | null): Promise<Token[]> {
  return db.query<Token>(sql`select ${columns} ${fromTokens}
    where ${user}::bigint is null or t."user" = ${user}::bigint order by t.created desc`)
}

export async function getToken(
  db: Database,
  id: string,
): Promise<(Token & { owner: number | null }) | null> {
  const rows = await db.query<Token & { owner: number | null }>(
    sql`select ${columns}, t."user" as owner ${fromTokens} where t.id = ${id}`,
  )
  return rows[0] ?? null
}

export interface NewToken {
  id: string
  hash: string
  name: string
  role: Role
  /** null for all apps */
  apps: string[] | null
  /** null for a token of this machine */
  user: number | null
  expires: string | null
}

export function insertToken({ id, hash, name, role, apps, user, expires }: NewToken): Statement {
  return sql`insert into token (id, hash, name, role, apps, "user", expires)
    values (${id}, ${hash}, ${name}, ${role}, ${apps}::text[], ${user}::bigint,
      ${expires}::timestamptz)
    on conflict do nothing`
}

export function deleteToken(id: string): Statement {
  return sql`delete from token where id = ${id}`
}

export interface UsedToken {
  id: string
  name: string
  role: Role
  apps: string[] | null
  /** null for a token of this machine */
  user: Principal | null
}

/**
 * Finds a token by its hash, unless it expired or its user is disabled. Records its use at most
 * once a minute.
 */
export async function useToken(db: Database, hash: string): Promise<UsedToken | null> {
  const rows = await db.query<
    UsedToken & { isStale: boolean }
  >(sql`select t.id, t.name, t.role, t.apps, ${principalColumn},
      t.used is null or t.used < now() - interval '1 minute' as "isStale" ${fromTokens}
    where t.hash = ${hash} and (t.expires is null or t.expires > now()) and u.disabled is null`)
  const [token] = rows
  if (!token) return null
  if (token.isStale)
    await db.batch([
      sql`update token set used = now() where id = ${token.id}`,
      sql`update "user" set seen = now() where id = ${token.user?.id ?? null}::bigint`,
    ])
  return token
}
