import { getRelease } from '#domains/deployment/store.ts'
import { nextMachineRun } from '#domains/machine/store.ts'
import { Failed, type StepContext, type WorkflowContext } from '#engine/workflow.ts'
import { environmentOf, type PlannedDeployment } from '#flows/deployment/planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { applyMachines, planMachines } from './apply.ts'
import { beginRun, makeMachineKey, type MachineWork } from './work.ts'

/**
 * Applies the playbook of a deployment to the machines of its environment. Returns why they are not
 * as declared, or null, also when it has no machines.
 */
export async function deployMachines(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<string | null> {
  const work = await begin(ctx, deps, plan, 'apply')
  return work && applyMachines(ctx, deps, work, plan.policy.rank)
}

/** Stores what the playbook of a waiting deployment would change. A plan refuses nothing. */
export async function planDeployedMachines(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<void> {
  const work = environmentOf(plan)?.machines?.plan ? await begin(ctx, deps, plan, 'plan') : null
  if (work) await planMachines(ctx, deps, work)
}

async function begin(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  mode: MachineWork['mode'],
): Promise<MachineWork | null> {
  const settings = environmentOf(plan)?.machines
  if (!settings) return null
  const { app, environment, release, sha, id: deployment } = plan
  const begun = await ctx.step(`${environment}.machines-${mode}`, async (step) => {
    const work = await makeWork(deps, {
      ...{ app, environment, release, sha, settings, deployment, mode },
      isPlanned: mode === 'plan',
    })
    emitBegin(step, work, plan.actor)
    return { id: work.id, key: work.key, artifact: work.artifact }
  })
  return {
    ...{ ...begun, app, environment, release, sha, settings, deployment, mode },
    isPlanned: mode === 'plan',
  }
}

function emitBegin(step: StepContext, work: MachineWork, actor: string): void {
  const { write, event } = beginRun(work, '', actor)
  const { chain: _chain, ...rest } = event
  step.write(write)
  step.emit(rest)
}

/** A new run of the playbook of a stored release. */
export async function makeWork(
  { db }: Pick<Dependencies, 'db'>,
  task: Omit<MachineWork, 'id' | 'key' | 'artifact'>,
): Promise<MachineWork> {
  const release = await getRelease(db, task.release)
  if (!release) throw new Failed(`release ${task.release} no longer exists`)
  const { artifact } = release
  return { ...task, artifact, id: await nextMachineRun(db), key: makeMachineKey() }
}
