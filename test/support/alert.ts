import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import type { Installation } from './installation.ts'
import { waitFor } from './wait.ts'

/** Stores a monitor that fires; returns the alert that has it as a source. */
export async function openAlert(
  { connection, client }: Pick<Installation, 'connection' | 'client'>,
  { app, environment }: { app: string; environment: string },
): Promise<number> {
  const db = await openDatabase({ connection, size: 1 })
  const [monitor] = await db.query<{ id: number }>(sql`insert into monitor (app, environment,
      service, kind, name, state, firing, reason)
    values (${app}, ${environment}, 'test', 'errors', 'errors', 'down', true, 'for the test')
    returning id`)
  await db.close()
  let open: number | undefined
  await waitFor('an alert is open', async () => {
    const { alerts } = await client.listAlerts({ query: { app, state: 'unresolved' } })
    const details = await Promise.all(
      alerts.map(({ id }) => client.getAlert({ params: { alert: id } })),
    )
    // Another alert of the app may be about to end.
    open = details.find(({ sources }) =>
      sources.some(({ source, ended }) => source === `monitor/${monitor?.id}` && ended === null),
    )?.id
    return open !== undefined
  })
  return open!
}
