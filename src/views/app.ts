import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * Tells whether an app exists, or existed: the events of a deleted app remain. An app that is known
 * stays known, so that each process asks the database once for it.
 */
export function knownApps(db: Database): (name: string) => Promise<boolean> {
  const known = new Set<string>()
  return async (name) => {
    if (known.has(name)) return true
    const [row] = await db.query<{ known: boolean }>(
      sql`select exists (select from app where name = ${name})
        or exists (select from event where app = ${name}) as known`,
    )
    if (row?.known) known.add(name)
    return row?.known === true
  }
}
