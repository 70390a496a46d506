import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import * as store from '#domains/machine/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { outputOf } from './run-output.ts'
import { requestRun } from './request.ts'

type MachineEndpoints =
  | 'listMachines'
  | 'applyMachines'
  | 'listMachineRuns'
  | 'getMachineRun'
  | 'getMachineOutput'
  | 'stopMachineRun'

/** The machines of environments, and the runs of their playbooks. */
export function machineHandlers(
  deps: Dependencies,
  engine: Engine,
): SomeHandlers<MachineEndpoints> {
  const { db } = deps
  return {
    listMachines: async ({ params }) => {
      await mustHave(db, params.app, params.environment)
      return { machines: await store.listMachines(db, params) }
    },
    applyMachines: async ({ params: { app, environment } }, caller) => {
      await mustHave(db, app, environment)
      const id = await requestRun(deps, engine, { app, environment }, { mode: 'apply' }, caller)
      return store.toMachineRun(await mustFind(deps, { app, machineRun: id }))
    },
    listMachineRuns: async ({ params: { app }, query }) => ({
      machineRuns: (await store.listMachineRuns(db, { app, ...query })).map(store.toMachineRun),
    }),
    getMachineRun: async ({ params }) => store.toMachineRun(await mustFind(deps, params)),
    getMachineOutput: async ({ params, query: { after, wait } }) => {
      const page = await outputOf(deps, await mustFind(deps, params), after, wait)
      return { ...page, machineRun: store.toMachineRun(await mustFind(deps, params)) }
    },
    stopMachineRun: async ({ params }, caller) => {
      const run = await mustFind(deps, params)
      if (run.ended !== null) throw new FairleadError('not_now', { why: 'The run has ended' })
      const { id, app, environment, mode, release } = run
      await db.batch([
        store.askMachineRunToStop(id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-machines.stopping',
          ...{ subject: `machine-run/${id}`, chain: `app/${app}`, app, actor: caller },
          data: { environment, mode, release },
        }),
      ])
      const { commands } = await targetOfRelease(deps, release)
      if (run.commands > 0) await commands?.stop(run, store.commandKey(run.key, run.commands - 1))
      return store.toMachineRun(await mustFind(deps, params))
    },
  }
}

async function mustFind(
  { db }: Pick<Dependencies, 'db'>,
  { app, machineRun }: { app: string; machineRun: number },
): Promise<store.StoredMachineRun> {
  const run = await store.getMachineRun(db, app, machineRun)
  if (!run) throw new FairleadError('not_found', { kind: 'run for machines', id: machineRun })
  return run
}
