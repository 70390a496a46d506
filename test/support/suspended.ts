import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import type { Installation } from './installation.ts'

/** Stores a suspended workflow for each app; returns their ids. */
export async function suspendedWorkflows(
  { connection }: Pick<Installation, 'connection'>,
  apps: string[],
): Promise<string[]> {
  const db = await openDatabase({ connection, size: 1 })
  const input = (app: string) => ({ app, environment: 'gone', deployment: 0 })
  const ids = apps.map((_, i) => `watch/${900_000 + i}`)
  for (const [i, app] of apps.entries())
    await db.query(sql`insert into workflow (id, name, chain, input, state, reason)
      values (${ids[i]}, 'watch', ${`chain/${app}`}, ${input(app)}::json, 'suspended',
        'it crashed')`)
  await db.close()
  return ids
}
