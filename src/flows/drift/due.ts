import { getRelease, listEnvironments } from '#domains/deployment/store.ts'
import { nextCheck } from '#domains/drift/rules.ts'
import { getCheck, saveCheck } from '#domains/drift/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { comparable, findDrift, recordDrift } from './check.ts'

/**
 * Checks the environments whose time has come, one after another. Why one cannot be checked is
 * stored, and does not keep the others waiting.
 */
export async function checkDue(
  deps: Dependencies,
  period: number,
  signal: AbortSignal,
): Promise<void> {
  for (const { app, name: environment } of await listEnvironments(deps.db)) {
    if (signal.aborted) return
    if (await isDue(deps, { app, environment }, period)) await check(deps, { app, environment })
  }
}

interface Place {
  app: string
  environment: string
}

async function isDue(
  { db, clock, targets }: Dependencies,
  place: Place,
  period: number,
): Promise<boolean> {
  const live = await liveDeployment(db, place.app, place.environment)
  const release = live && (await getRelease(db, live.release))
  if (!live?.live || !release || !targets.of(release.target).drift) return false
  const last = await getCheck(db, place)
  return clock.now() >= nextCheck(last && Date.parse(last.checked), Date.parse(live.live), period)
}

async function check(deps: Dependencies, place: Place): Promise<void> {
  const { db, clock, log } = deps
  try {
    const found = await comparable(deps, place)
    await recordDrift(deps, place, found.live, await findDrift(place, found), null)
  } catch (error) {
    const problem = (error as Error).message
    log.warn('an environment could not be compared with what is declared', { ...place, problem })
    const live = await liveDeployment(db, place.app, place.environment)
    const checked = new Date(clock.now()).toISOString()
    const numbers = { total: 0, files: 0, processes: 0, ms: 0 }
    if (live)
      await db.query(saveCheck(place, { release: live.release, checked, problem, ...numbers }))
  }
}
