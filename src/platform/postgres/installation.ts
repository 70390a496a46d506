import { join } from 'node:path'
import type { EmbeddedPostgres } from './embedded.ts'
import type { Home } from '#platform/home.ts'
import type { Logger } from '#platform/log.ts'
import { migrate } from './migrate.ts'
import { type Database, openDatabase } from './postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { supervisePostgres } from './supervised.ts'
import { untilBack } from './until-back.ts'

/**
 * Opens the database of an installation: DATABASE_URL, or the embedded server, which is started or
 * adopted.
 */
export async function openInstallationDatabase(
  home: Home,
  env: Record<string, string | undefined>,
  log: Logger,
  options: { migrate: boolean },
): Promise<{ db: Database; close(): Promise<void> }> {
  const url = env['DATABASE_URL']
  const server: EmbeddedPostgres | null = url
    ? null
    : await supervisePostgres({ folder: home.postgres, log })
  const onError = (error: Error): void =>
    log.warn('a connection to the database was lost', { error: error.message })
  try {
    // A wrong DATABASE_URL is reported at once; our own server is started again when it dies.
    const open = () => openDatabase({ connection: url ?? server!.connection, onError })
    const db = await (server ? untilBack(log, open) : open())
    if (options.migrate) await untilBack(log, () => migrate(db, join(packageRoot, 'migrations')))
    return {
      db,
      close: async () => {
        await db.close()
        await server?.stop()
      },
    }
  } catch (error) {
    await server?.stop()
    throw error
  }
}
