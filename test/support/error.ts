import { recordErrors } from '#domains/error/write.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import type { Installation } from './installation.ts'

/** Stores an event of an error of the release that is live; returns the number of the error. */
export async function storeError(
  { connection, client }: Pick<Installation, 'connection' | 'client'>,
  { app, environment }: { app: string; environment: string },
): Promise<number> {
  const query = { app, environment, limit: 1 }
  const release = (await client.listDeployments({ query })).deployments[0]?.release ?? 1
  const frame = { function: 'total', file: 'server.js', line: 3, column: 3, isOwn: true }
  const db = await openDatabase({ connection, size: 1 })
  await db.batch(
    recordErrors([
      {
        ...{ app, environment, release, service: 'web', source: 'output', language: 'node' },
        ...{ fingerprint: 'for-the-test', time: Date.now(), person: null },
        details: {
          exceptions: [{ type: 'TypeError', message: 'price is undefined', frames: [frame] }],
          ...{ breadcrumbs: [], request: null, tags: {}, isHandled: null },
        },
      },
    ]),
  )
  await db.close()
  return (await client.listErrors({ query: { app } })).errors[0]?.id ?? 0
}
