import { getRelease } from '#domains/deployment/store.ts'
import { nextMachineRun } from '#domains/machine/store.ts'
import { Failed, type StepContext, type WorkflowContext } from '#engine/workflow.ts'
import { environmentOf, type PlannedDeployment } from '#flows/deployment/planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { hostsOf } from '#domains/deployment/open-targets.ts'
import { applyMachines, planMachines } from './apply.ts'
import { targetHosts } from './target-hosts.ts'
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
    const work = await makeWork(
      deps,
      {
        ...{ app, environment, release, sha, settings, deployment, mode },
        isPlanned: mode === 'plan',
      },
      plan.leftOut,
    )
    emitBegin(step, work, plan.actor)
    const { id, key, artifact, settings: resolved } = work
    return { id, key, artifact, ...(settings.target_hosts ? { settings: resolved } : {}) }
  })
  return {
    ...{ app, environment, release, sha, settings, deployment, mode, ...begun },
    isPlanned: mode === 'plan',
  }
}

function emitBegin(step: StepContext, work: MachineWork, actor: string): void {
  const { write, event } = beginRun(work, '', actor)
  const { chain: _chain, ...rest } = event
  step.write(write)
  step.emit(rest)
}

/** A new run of the playbook of a stored release, without the hosts in `leftOut`. */
export async function makeWork(
  deps: Pick<Dependencies, 'db' | 'ssh'>,
  task: Omit<MachineWork, 'id' | 'key' | 'artifact'>,
  leftOut: readonly string[] = [],
): Promise<MachineWork> {
  const { db } = deps
  const release = await getRelease(db, task.release)
  if (!release) throw new Failed(`release ${task.release} no longer exists`)
  const { artifact, target } = release
  const names = hostsOf(target).filter((name) => !leftOut.includes(name))
  const settings = task.settings.target_hosts
    ? { ...task.settings, hosts: await targetHosts(deps, names, task.environment) }
    : task.settings
  return { ...task, settings, artifact, id: await nextMachineRun(db), key: makeMachineKey() }
}
