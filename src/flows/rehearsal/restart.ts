import type { Actor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Rehearsal } from '#contract/rehearsal/rehearsal.ts'
import { refusalOfRestart } from '#domains/rehearsal/rules.ts'
import { appendEvent } from '#engine/events.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveService, rehearse } from './rehearse.ts'

interface Restart {
  app: string
  environment: string
  service: string
  actor: Actor
  reason: string
  /** restarts without a rehearsal */
  force: boolean
}

/**
 * Restarts the instances of a service one after another. Throws a `would_not_return` when a
 * rehearsal shows that it would not come back.
 */
export async function restartService(
  deps: Pick<Dependencies, 'db' | 'targets'>,
  { app, environment, service, actor, reason, force }: Restart,
): Promise<{ rehearsal: Rehearsal | null; problem: string | null }> {
  const place = { app, environment, service }
  const live = await liveService(deps, place)
  const target = await targetOfRelease(deps, live.release)
  if (!target.restart)
    throw new FairleadError('not_now', { why: `${target.title} cannot restart a service` })
  const rehearsal = force ? null : await rehearse(deps, { ...place, cause: 'restart', actor })
  const why = refusalOfRestart(rehearsal)
  if (why !== null) throw new FairleadError('would_not_return', { service, why })
  const subject = `environment/${app}/${environment}`
  const data = { service, release: live.release, isForced: force, reason }
  const head = { subject, chain: live.change.chain, app, actor }
  await deps.db.batch([
    appendEvent({ type: 'dev.cdeventsx.fairlead-service.restarting', ...head, data }),
  ])
  const problem = await target.restart(live, service)
  const type = 'dev.cdeventsx.fairlead-service.restarted'
  await deps.db.batch([appendEvent({ type, ...head, data: { ...data, problem } })])
  return { rehearsal, problem }
}
