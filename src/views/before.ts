import type { Deployment } from '#contract/run/run.ts'
import { incompatibleBecause } from '#domains/deployment/before.ts'
import { listBeforeSince } from '#domains/deployment/before-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** Why a rollback to a deployment may not work after what ran before later releases, or null. */
export async function incompatibility(db: Database, to: Deployment): Promise<string | null> {
  const { app, environment, live } = to
  if (live === null) return null
  const since = await listBeforeSince(db, { app, environment, since: live })
  return incompatibleBecause(since, to.run ?? 0)
}
