import type { Database } from '#platform/postgres/postgres.ts'
import { isAllowed } from './prefixes.ts'
import { listPrefixes } from './prefix-store.ts'
import { readReference } from './references.ts'
import type { SourceIo } from './secret-source.ts'

/**
 * Reads the value of a reference for an app. Throws an error with the reason when the app may not
 * read it, or when it cannot be read.
 */
export async function readAllowed(
  db: Database,
  { app, reference }: { app: string; reference: string },
  io: Omit<SourceIo, 'signal'>,
): Promise<string> {
  const prefixes = (await listPrefixes(db, app)).map(({ prefix }) => prefix)
  if (!isAllowed(reference, prefixes))
    throw new Error(
      `${app} may not read it; an administrator allows it with ` +
        `\`fairlead secret allow ${app} ${reference}\``,
    )
  return readReference(reference, io)
}
