import type { Drift } from '#contract/drift/drift.ts'
import type { Actor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { refusalOfRepair } from '#domains/drift/rules.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { requestRun } from '#flows/machine/request.ts'
import { restartService } from '#flows/rehearsal/restart.ts'
import { checkDrift, comparable, readState } from './check.ts'
import { checkMachines } from './machines.ts'
import { isHosted, mergeDrift, takeOver } from './patch.ts'

type DriftEndpoints = 'listDrift' | 'checkDrift' | 'repairDrift' | 'getDriftPatch' | 'takeOverDrift'

/** Where an environment differs from what is declared, and how that is put right. */
export function driftHandlers(deps: Dependencies, engine: Engine): SomeHandlers<DriftEndpoints> {
  const { db } = deps
  const mustFind = async (app: string, environment: string, id: number): Promise<Drift> => {
    await mustHave(db, app, environment)
    const { differences } = await readState(deps, { app, environment })
    const found = differences.find((one) => one.id === id)
    if (!found) throw new FairleadError('not_found', { kind: 'difference', id })
    return found
  }
  return {
    listDrift: async ({ params }) => {
      await mustHave(db, params.app, params.environment)
      return readState(deps, params)
    },
    checkDrift: async ({ params }, caller) => {
      await mustHave(db, params.app, params.environment)
      await checkMachines(deps, engine, params, caller)
      return checkDrift(deps, params, caller)
    },
    repairDrift: async ({ params: { app, environment, id } }, caller) => {
      const one = await mustFind(app, environment, id)
      if (one.remedy === 'apply' && one.machine !== null) {
        const task = { mode: 'apply' as const, only: [one.machine] }
        const machineRun = await requestRun(deps, engine, { app, environment }, task, caller)
        return { ...(await readState(deps, { app, environment })), problem: null, machineRun }
      }
      const problem = await repair(deps, one, caller)
      const state = await checkDrift(deps, { app, environment }, caller)
      const isThere = state.differences.some((left) => left.id === id)
      const why = isThere ? (problem ?? 'it still differs') : null
      return { ...state, problem: why, machineRun: null }
    },
    getDriftPatch: async ({ params: { app, environment, id } }) => ({
      patch: (await mergeDrift(deps, await mustFind(app, environment, id))).patch,
      isHosted: await isHosted(deps, app),
    }),
    takeOverDrift: async ({ params: { app, environment, id } }, caller) =>
      takeOver(deps, await mustFind(app, environment, id), caller),
  }
}

/** Returns why a service is not healthy after its restart, or null. */
async function repair(deps: Dependencies, one: Drift, actor: Actor): Promise<string | null> {
  const { app, environment, service, kind, name, remedy } = one
  const why = refusalOfRepair(one)
  if (why !== null) throw new FairleadError('not_now', { why })
  const { declared, target } = await comparable(deps, { app, environment })
  if (remedy !== 'restart' && (kind === 'artifact' || kind === 'file'))
    await target.drift.repair(declared, { kind, service, name })
  if (remedy === 'rewrite') return null
  const services = service === null ? declared.services.map((found) => found.name) : [service]
  const reason = `the ${kind} ${name} differs from what is declared`
  for (const restarted of services) {
    const place = { app, environment, service: restarted }
    const { problem } = await restartService(deps, { ...place, actor, reason, force: false })
    if (problem !== null) return problem
  }
  return null
}
