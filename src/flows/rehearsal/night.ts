import { getRelease, listEnvironments } from '#domains/deployment/store.ts'
import { nextRehearsal } from '#domains/rehearsal/rules.ts'
import { lastRehearsals } from '#domains/rehearsal/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { rehearse } from './rehearse.ts'

/**
 * Rehearses the services whose time has come, one after another. A service that cannot be rehearsed
 * now does not keep the others waiting.
 */
export async function rehearseDue(
  deps: Pick<Dependencies, 'db' | 'targets' | 'clock' | 'log'>,
  period: number,
  signal: AbortSignal,
): Promise<void> {
  for (const due of await dueServices(deps, period)) {
    if (signal.aborted) return
    try {
      await rehearse(deps, { ...due, cause: 'night', actor: 'fairlead' })
    } catch (error) {
      deps.log.warn('a service could not be rehearsed', { ...due, error: (error as Error).message })
    }
  }
}

interface Due {
  app: string
  environment: string
  service: string
}

async function dueServices(
  { db, clock, targets }: Pick<Dependencies, 'db' | 'clock' | 'targets'>,
  period: number,
): Promise<Due[]> {
  const due: Due[] = []
  for (const { app, name: environment } of await listEnvironments(db)) {
    const live = await liveDeployment(db, app, environment)
    const release = live && (await getRelease(db, live.release))
    if (!live?.live || !release || !targets.of(release.target).rehearse) continue
    const last = await lastRehearsals(db, app, environment)
    for (const service of Object.keys(release.definition.services)) {
      const ended = last.find((one) => one.service === service)?.ended
      const next = nextRehearsal(ended ? Date.parse(ended) : null, Date.parse(live.live), period)
      if (clock.now() >= next) due.push({ app, environment, service })
    }
  }
  return due
}
