import { readFile } from 'node:fs/promises'
import { createClient } from '#contract/client.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import { backup, restore } from '#platform/postgres/backup.ts'
import { type Home, makeHome } from '#platform/home.ts'
import { openInstallationDatabase } from '#platform/postgres/installation.ts'
import { createLogger } from '#platform/log.ts'
import { findServer } from './server-process.ts'

const log = createLogger((line) => process.stderr.write(line))
const quiet = { ...log, info: () => undefined }

/** Runs beside a running server: the backup is one snapshot. */
export async function backupTo(home: Home, env: Record<string, string | undefined>, file: string) {
  makeHome(home)
  const { db, close } = await openInstallationDatabase(home, env, quiet, { migrate: true })
  try {
    return await backup(db, file)
  } finally {
    await close()
  }
}

export async function restoreFrom(
  home: Home,
  env: Record<string, string | undefined>,
  file: string,
) {
  if (await findServer(home))
    throw new FairleadError('not_now', {
      why: 'A server runs in this installation; stop it with `fairlead stop`',
    })
  makeHome(home)
  const { db, close } = await openInstallationDatabase(home, env, quiet, { migrate: true })
  try {
    return await restore(db, file)
  } finally {
    await close()
  }
}

/** Uses the running server with the token that only this user can read. */
export async function createLink(
  home: Home,
  wanted: { name: string; role?: Role },
): Promise<string> {
  const connection = await findServer(home)
  if (!connection)
    throw new FairleadError('unavailable', {
      what: 'A Fairlead server of this installation (start it with `fairlead server`)',
    })
  const token = (await readFile(home.token, 'utf8')).trim()
  return (await createClient({ base: connection.url, token }).createLink({ body: wanted })).url
}
