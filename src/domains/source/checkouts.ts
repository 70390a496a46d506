import { join } from 'node:path'
import type { Database } from '#platform/postgres/postgres.ts'
import { checkout } from './checkout.ts'
import { getApp, type StoredApp } from './store.ts'

/** The repositories of the apps, to read from. */
export interface Checkouts {
  /** the app as it is registered, or null */
  stored(app: string): Promise<StoredApp | null>
  /** folder of the app's bare repository */
  bareOf(app: string): string
  /** checks a commit out into a folder; warnings are sentences about what the folder lacks */
  checkout(request: {
    app: string
    sha: string
    folder: string
    isTrusted: boolean
    signal: AbortSignal
  }): Promise<{ warnings: string[] }>
}

/** `repositories` is the folder of the bare repositories. */
export function createCheckouts({
  db,
  repositories,
}: {
  db: Database
  repositories: string
}): Checkouts {
  const bareOf = (app: string): string => join(repositories, `${app}.git`)
  return {
    stored: (app) => getApp(db, app),
    bareOf,
    checkout: (request) => checkout(bareOf(request.app), request),
  }
}
