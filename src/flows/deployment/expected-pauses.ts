import type { ExpectedPause } from '#contract/deployment/before.ts'
import type { Rehearsal } from '#contract/rehearsal/rehearsal.ts'
import { lastPauses } from '#domains/deployment/before-store.ts'
import { lastRehearsals } from '#domains/rehearsal/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** How long clients are expected to wait at a restart of each service of an environment. */
export async function expectPauses(
  db: Database,
  app: string,
  environment: string,
): Promise<ExpectedPause[]> {
  const [measured, rehearsals] = await Promise.all([
    lastPauses(db, app, environment),
    lastRehearsals(db, app, environment),
  ])
  return longestPauses(measured, rehearsals)
}

/**
 * As at the last restart of a service, or as long as the start in its last rehearsal, if that was
 * longer: it may have more data now. Pure.
 */
export function longestPauses(
  measured: ExpectedPause[],
  rehearsals: Pick<Rehearsal, 'service' | 'state' | 'startMs'>[],
): ExpectedPause[] {
  const rehearsed = rehearsals.flatMap(({ service, state, startMs }) =>
    state === 'returns' && startMs !== undefined
      ? [{ service, pauseMs: startMs, deployment: null }]
      : [],
  )
  const longest = new Map<string, ExpectedPause>()
  for (const one of [...measured, ...rehearsed])
    if (one.pauseMs > (longest.get(one.service)?.pauseMs ?? -1)) longest.set(one.service, one)
  return [...longest.values()]
}
