import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { outdatedBecause } from '#domains/rehearsal/rules.ts'
import { isExclusive } from '#domains/scale/rules.ts'
import { lastRehearsals, listRehearsals } from '#domains/rehearsal/store.ts'
import { expectPauses } from '#flows/deployment/expected-pauses.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { rehearse } from './rehearse.ts'
import { restartService } from './restart.ts'

type RehearsalEndpoints = 'listRehearsals' | 'rehearse' | 'restartService'

/** Whether services would come back, and their restart. */
export function rehearsalHandlers(deps: Dependencies): SomeHandlers<RehearsalEndpoints> {
  const { db } = deps
  return {
    listRehearsals: async ({ params: { app, environment }, query }) => {
      await mustHave(db, app, environment)
      const live = await liveDeployment(db, app, environment)
      const [release, last, pauses, rehearsals] = await Promise.all([
        live && getRelease(db, live.release),
        lastRehearsals(db, app, environment),
        expectPauses(db, app, environment),
        listRehearsals(db, { app, environment, ...query }),
      ])
      const services = live && release ? Object.entries(release.definition.services) : []
      return {
        services: services
          .filter(([service]) => query.service === undefined || service === query.service)
          .map(([service, file]) => {
            const rehearsal = last.find((one) => one.service === service) ?? null
            const outdated = live && outdatedBecause(rehearsal, live)
            const pause = isExclusive(file) && pauses.find((one) => one.service === service)
            return { service, rehearsal, outdated, expectedPause: pause || null }
          }),
        rehearsals,
      }
    },
    rehearse: async ({ params, body: { service } }, caller) => {
      await mustHave(db, params.app, params.environment)
      return rehearse(deps, { ...params, service, cause: 'request', actor: caller })
    },
    restartService: async ({ params, body }, caller) => {
      const { app, environment } = params
      const { force, reason } = body
      await mustHave(db, app, environment)
      if (force && reason === '')
        throw new FairleadError('invalid_input', {
          field: 'reason',
          problem: 'must say why the service is restarted without a rehearsal',
        })
      return restartService(deps, { ...params, ...body, actor: caller })
    },
  }
}
