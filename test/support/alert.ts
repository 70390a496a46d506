import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { type Installation, waitFor } from './installation.ts'

/** Stores a monitor that fires; returns the alert that the server then opens. */
export async function openAlert(
  { connection, client }: Pick<Installation, 'connection' | 'client'>,
  { app, environment }: { app: string; environment: string },
): Promise<number> {
  const db = await openDatabase({ connection, size: 1 })
  await db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing,
      reason)
    values (${app}, ${environment}, 'test', 'errors', 'errors', 'down', true, 'for the test')`)
  await db.close()
  let alert = 0
  await waitFor('an alert is open', async () => {
    alert = (await client.listAlerts({ query: { app, state: 'unresolved' } })).alerts[0]?.id ?? 0
    return alert !== 0
  })
  return alert
}
