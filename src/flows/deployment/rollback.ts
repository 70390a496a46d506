import {
  decideConfiguration,
  getNewest,
  getStored,
  insertConfiguration,
} from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext, WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import { deploy } from './deployment.ts'
import type { RollbackInput } from './plan-rollback.ts'
import { rollbackPolicy } from './policy.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** Returns an environment to an earlier release, and holds the change that is rolled back. */
export function rollbackWorkflow(
  deps: Dependencies,
): WorkflowDefinition<RollbackInput, { state: string; reason: string | null }> {
  return {
    name: 'rollback',
    version: 1,
    concurrency: 8,
    run: (ctx, input) => rollback(ctx, deps, input),
  }
}

async function rollback(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: RollbackInput,
): Promise<{ state: string; reason: string | null }> {
  const release = await ctx.step('read', () => store.getRelease(deps.db, input.release))
  if (!release) return { state: 'failed', reason: `release ${input.release} no longer exists` }
  const outcome = await deploy(ctx, deps, {
    id: input.deployment,
    release: release.id,
    app: input.app,
    environment: input.environment,
    run: release.run,
    sha: release.sha,
    definition: release.definition,
    actor: input.actor,
    folder: '',
    policy: rollbackPolicy(input),
  })
  if (outcome.state !== 'live') return outcome
  if (release.sha !== input.fromSha) await ctx.step('hold', async (step) => holdChange(step, input))
  else
    await ctx.step('restore', (step) =>
      restoreConfiguration(deps, step, input, release.configuration),
    )
  await outcome.retired
  return { state: 'live', reason: null }
}

async function holdChange(step: StepContext, input: RollbackInput): Promise<null> {
  step.write(store.hold(input.app, input.environment, input.fromSha, input.reason))
  step.emit({
    type: 'dev.cdeventsx.fairlead-change.held',
    subject: `change/${input.fromSha}`,
    app: input.app,
    actor: input.actor,
    data: { environment: input.environment, reason: input.reason },
  })
  return null
}

/**
 * When a configuration is rolled back, stores the former one as the newest, so that the next
 * delivery does not deploy the bad one again.
 */
async function restoreConfiguration(
  deps: Dependencies,
  step: StepContext,
  input: RollbackInput,
  version: number,
): Promise<null> {
  const newest = await getStored(deps.db, input.app, input.environment)
  if (newest.version === version) return null
  const { highest } = await getNewest(deps.db, input.app, input.environment)
  const good = await getStored(deps.db, input.app, input.environment, version)
  const names = new Set(
    [newest, good].flatMap((stored) => [
      ...Object.keys(stored.variables),
      ...Object.keys(stored.secrets),
    ]),
  )
  const value = (stored: typeof good, name: string) =>
    stored.variables[name] ?? stored.secrets[name]
  const changed = [...names].filter((name) => value(newest, name) !== value(good, name)).sort()
  // Waiting versions are based on the version that is rolled back.
  step.write(decideConfiguration(input.app, input.environment, highest, 'refused'))
  step.write(
    insertConfiguration(
      input.app,
      input.environment,
      { ...good, version: highest + 1 },
      changed,
      input.actor,
    ),
  )
  // The release runs with the same values under their new number.
  step.write(store.setReleaseConfiguration(input.release, highest + 1))
  step.emit({
    type: 'dev.cdeventsx.fairlead-configuration.changed',
    subject: `environment/${input.app}/${input.environment}`,
    app: input.app,
    actor: input.actor,
    data: { version: highest + 1, changed, restored: version },
  })
  return null
}
