import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import type { Installation } from './installation.ts'
import { waitFor } from './wait.ts'

/** Stores counts of an objective for days; returns the number of its monitor. */
export async function storeCounts(
  { connection, client }: Pick<Installation, 'connection' | 'client'>,
  { app, environment, days }: { app: string; environment: string; days: number },
): Promise<number> {
  const db = await openDatabase({ connection, size: 1 })
  // More requests by day than at night, and an hour with an outage.
  await db.query(sql`insert into slo_count (app, environment, indicator, step, start, requests, bad)
    select ${app}, ${environment}, '*/availability', 3600, date_trunc('hour', now()) - h * interval
        '1 hour', 6000 + round(4000 * sin(h / 24.0 * 2 * pi())),
      case when h = ${days * 12} then 900 else round(1 + sin(h)) end
    from generate_series(1, ${days * 24}) h`)
  await db.close()
  let monitor = 0
  await waitFor('the objective is judged', async () => {
    const [found] = (await client.listSlos({ query: { app } })).slos
    monitor = found?.state === 'up' ? found.monitor : 0
    return monitor !== 0
  })
  return monitor
}
