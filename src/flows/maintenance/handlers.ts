import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { getMaintenance, putMaintenance } from '#domains/maintenance/store.ts'
import { appendEvent } from '#engine/events.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { end, isOver, serveMaintenance, type SyncMaintenanceParts } from './sync.ts'

export interface MaintenanceHandlersOptions extends SyncMaintenanceParts {
  deps: Pick<Dependencies, 'db' | 'targets'>
}

/** The maintenance page of an environment. */
export function maintenanceHandlers(
  options: MaintenanceHandlersOptions,
): SomeHandlers<'getMaintenance' | 'startMaintenance' | 'endMaintenance'> {
  const { db, deps, now } = options
  return {
    getMaintenance: async ({ params }) => {
      await mustHave(db, params.app, params.environment)
      const found = await getMaintenance(db, params)
      return { maintenance: found && !isOver(found, now()) ? found : null }
    },
    startMaintenance: async ({ params, body: { reason, minutes } }, caller) => {
      const { app, environment } = params
      await mustHave(db, app, environment)
      await mustHaveEdge(deps, app, environment)
      const until = minutes === undefined ? null : new Date(now() + minutes * 60_000).toISOString()
      await db.batch([
        putMaintenance({ app, environment, reason, until, actor: caller.name }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-maintenance.started',
          ...{ subject: `environment/${app}/${environment}`, chain: `app/${app}`, app },
          actor: caller,
          data: { environment, reason, until },
        }),
      ])
      const isServed = await serveMaintenance(options)
      const maintenance = await getMaintenance(db, params)
      if (!maintenance) throw new FairleadError('not_now', { why: 'Somebody ended it meanwhile' })
      return { maintenance, isServed }
    },
    endMaintenance: async ({ params }, caller) => {
      await mustHave(db, params.app, params.environment)
      const found = await getMaintenance(db, params)
      if (found) await end(db, found, caller)
      return { isServed: await serveMaintenance(options) }
    },
  }
}

/** The page is shown by the edge, which targets without services do not have. */
async function mustHaveEdge(
  deps: MaintenanceHandlersOptions['deps'],
  app: string,
  environment: string,
): Promise<void> {
  const live = await liveDeployment(deps.db, app, environment)
  if (!live)
    throw new FairleadError('not_now', { why: `Nothing is live in ${environment} of ${app}` })
  const target = await targetOfRelease(deps, live.release)
  if (!target.share)
    throw new FairleadError('not_now', { why: `${target.title} cannot show a maintenance page` })
}
