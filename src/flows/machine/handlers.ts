import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { MachineMode, MachineRun } from '#contract/machine/machine.ts'
import { getRelease } from '#domains/deployment/store.ts'
import * as store from '#domains/machine/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { makeWork } from './deploy.ts'
import { beginRun } from './work.ts'

type MachineEndpoints =
  | 'listMachines'
  | 'planMachines'
  | 'applyMachines'
  | 'listMachineRuns'
  | 'getMachineRun'
  | 'stopMachineRun'

interface Place {
  app: string
  environment: string
}

/** The machines of environments, plans for them, and their application. */
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
    planMachines: ({ params }, caller) => request(deps, engine, params, 'plan', caller),
    applyMachines: ({ params }, caller) => request(deps, engine, params, 'apply', caller),
    listMachineRuns: async ({ params: { app }, query }) => ({
      machineRuns: (await store.listMachineRuns(db, { app, ...query })).map(store.toMachineRun),
    }),
    getMachineRun: async ({ params }) => store.toMachineRun(await mustFind(deps, params)),
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

/** Starts a run with the playbook of the live release. */
async function request(
  deps: Dependencies,
  engine: Engine,
  { app, environment }: Place,
  mode: MachineMode,
  caller: Caller,
): Promise<MachineRun> {
  const { db } = deps
  await mustHave(db, app, environment)
  const live = await liveDeployment(db, app, environment)
  const release = live && (await getRelease(db, live.release))
  if (!live || !release)
    throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  const settings = release.definition.environments[environment]?.machines
  if (!settings)
    throw new FairleadError('not_now', {
      why: `The live release declares no machines in ${app}/${environment}`,
    })
  const work = await makeWork(deps, {
    ...{ app, environment, release: live.release, sha: release.sha, settings, mode },
    ...{ deployment: null, isPlanned: false },
  })
  const { chain } = live.change
  const { write, event } = beginRun(work, chain, caller)
  await db.batch([
    write,
    appendEvent(event),
    ...engine.startStatements({
      ...{ id: `machines/${work.id}`, name: 'machines', chain },
      input: { ...work, rank: release.run },
    }),
  ])
  return store.toMachineRun(await mustFind(deps, { app, machineRun: work.id }))
}
