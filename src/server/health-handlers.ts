import type { SomeHandlers } from '#contract/handler.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { version } from '#platform/self.ts'
import { sql } from '#platform/postgres/sql.ts'

/** Says what the server can reach now. It answers also when the database does not. */
export function healthHandler(
  deps: Dependencies,
  hostAnswers: () => Promise<boolean>,
): SomeHandlers<'health'> {
  return {
    health: async () => {
      const [database, host, disk] = await Promise.all([
        deps.db.query(sql`select 1`).then(
          () => true,
          () => false,
        ),
        hostAnswers(),
        deps.disk(),
      ])
      return {
        status: database && host ? 'ok' : 'degraded',
        version,
        database: database ? 'ok' : 'unreachable',
        host: host ? 'ok' : 'unreachable',
        disk: { free: Math.floor(disk.free), floor: disk.floor },
        edge: deps.home.edgePort,
      }
    },
  }
}
