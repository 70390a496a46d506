import type { Role } from '#contract/endpoint.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface Link {
  /** the user who signs in with it */
  name: string
  /** the role that the user gets; null changes none */
  role: Role | null
}

export function insertLink(link: Link & { hash: string; expires: string }): Statement {
  const { hash, name, role, expires } = link
  return sql`insert into link (hash, name, role, expires)
    values (${hash}, ${name}, ${role}, ${expires}::timestamptz)`
}

/**
 * Deletes a link and returns it when it was valid; only one of two concurrent calls gets it.
 * Expired links are deleted as well.
 */
export async function redeemLink(db: Database, hash: string): Promise<Link | null> {
  const rows = await db.query<Link & { isValid: boolean; hash: string }>(
    sql`delete from link where hash = ${hash} or expires < now()
      returning hash, name, role, expires > now() as "isValid"`,
  )
  const link = rows.find((row) => row.hash === hash && row.isValid)
  return link ? { name: link.name, role: link.role } : null
}

/**
 * Records an answer of the provider for as long as it could be replayed; false when it was used
 * before.
 */
export async function redeemSignIn(db: Database, hash: string, minutes: number): Promise<boolean> {
  await db.query(sql`delete from sign_in where expires < now()`)
  const rows = await db.query(sql`insert into sign_in (hash, expires)
    values (${hash}, now() + make_interval(mins => ${minutes}))
    on conflict do nothing returning hash`)
  return rows.length > 0
}
