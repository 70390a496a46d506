import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as store from '#domains/deploy/store.ts'
import type { WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import { unpack } from '#platform/oci.ts'
import { deploy } from './deployment.ts'
import type { World } from './world.ts'

export interface ConfigurationInput {
  /** the new deployment and release, whose rows are stored */
  deployment: number
  release: number
  app: string
  environment: string
  actor: string
}

/** Delivers a changed configuration: the artifact that is live, started anew with the newest version, verified, switched. */
export function configurationWorkflow(
  world: World,
): WorkflowDefinition<ConfigurationInput, { state: string; reason: string | null }> {
  return { name: 'configuration', version: 1, concurrency: 8, run: (ctx, input) => configure(ctx, world, input) }
}

async function configure(
  ctx: WorkflowContext,
  world: World,
  input: ConfigurationInput,
): Promise<{ state: string; reason: string | null }> {
  const release = await ctx.step('read', () => store.getRelease(world.db, input.release))
  if (!release) return { state: 'failed', reason: `release ${input.release} is no longer known` }
  // The workspace of the run is gone; the artifact holds what the verification needs.
  const folder = join(world.home.runs, String(release.run), `configuration-${input.deployment}`)
  if (release.definition.environments[input.environment]?.verify) {
    await ctx.step('unpack', async () => {
      await unpack({ layout: world.home.artifacts, digest: release.artifact, folder })
      return null
    })
  }
  const outcome = await deploy(ctx, world, {
    id: input.deployment,
    release: release.id,
    app: input.app,
    environment: input.environment,
    kind: 'configuration',
    run: release.run,
    sha: release.sha,
    definition: release.definition,
    actor: input.actor,
    rank: release.run,
    folder,
    verify: true,
    refreshConfiguration: true,
    formerState: 'replaced',
    formerReason: null,
    admit: ({ live }) =>
      live !== null && (live.run ?? 0) > release.run
        ? { go: false, state: 'superseded', reason: `run ${live.run} went live with the new configuration already` }
        : { go: true },
  })
  await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  if (outcome.state !== 'live') return outcome
  await outcome.retired
  return { state: 'live', reason: null }
}
