import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import * as store from '#domains/deploy/store.ts'
import { Failed, type StepContext, type WorkflowContext, type WorkflowDefinition } from '#engine/workflow.ts'
import { OciError } from '#platform/oci-index.ts'
import { unpack } from '#platform/oci.ts'
import { giveToSteps } from './confine.ts'
import { deploy } from './deployment.ts'
import type { World } from './world.ts'

export interface ConfigurationInput {
  /** the new deployment and release, whose rows are stored */
  deployment: number
  release: number
  app: string
  environment: string
  actor: string
  /** people or a calendar have a say in it */
  asksPermission?: boolean
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
  const folder = join(world.home.runs, String(release.run), `configuration-${input.deployment}`)
  if (release.definition.environments[input.environment]?.verify) {
    await ctx.step('workspace', (step) => makeWorkspace(world, step, release, folder))
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
    asksPermission: input.asksPermission ?? false,
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

/** What the verification runs in, since the run's workspace is gone: the commit, with what was built laid over it. */
async function makeWorkspace(world: World, step: StepContext, release: store.Release, folder: string): Promise<null> {
  const built = `${folder}-artifact`
  try {
    await world.source.checkout({ app: release.app, sha: release.sha, folder, isTrusted: true, signal: step.signal })
    await unpack({ layout: world.home.artifacts, digest: release.artifact, folder: built, durable: false })
    await cp(built, folder, { recursive: true, force: true, verbatimSymlinks: true })
    await giveToSteps(world, release.app, folder)
  } catch (error) {
    if (error instanceof OciError || error instanceof FairleadError) throw new Failed(error.message)
    throw error
  } finally {
    await rm(built, { recursive: true, force: true })
  }
  return null
}
