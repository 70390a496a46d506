import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { isRefused } from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import {
  Failed,
  type StepContext,
  type WorkflowContext,
  type WorkflowDefinition,
} from '#engine/workflow.ts'
import { OciError } from '#platform/oci/layout.ts'
import { unpack } from '#platform/oci/oci.ts'
import { chownToSteps } from '#flows/step/confinement.ts'
import { deploy } from './deployment.ts'
import { noteStop, passOn } from './pass-on.ts'
import { configurationPolicy } from './policy.ts'
import { type ConfigurationInput, startConfiguration } from './start-configuration.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'

/** Deploys a changed configuration: starts the live artifact with it, verifies, and switches. */
export function configurationWorkflow(
  deps: Dependencies,
): WorkflowDefinition<ConfigurationInput, { state: string; reason: string | null }> {
  return {
    name: 'configuration',
    version: 1,
    concurrency: 8,
    run: (ctx, input) => configure(ctx, deps, input),
  }
}

async function configure(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: ConfigurationInput,
): Promise<{ state: string; reason: string | null }> {
  const release = await ctx.step('read', () => store.getRelease(deps.db, input.release))
  if (!release) return { state: 'failed', reason: `release ${input.release} no longer exists` }
  const folder = join(deps.home.runs, String(release.run), `configuration-${input.deployment}`)
  if (release.definition.environments[input.environment]?.verify) {
    await ctx.step('workspace', (step) => makeWorkspace(deps, step, release, folder))
  }
  const outcome = await deploy(ctx, deps, {
    id: input.deployment,
    release: release.id,
    app: input.app,
    environment: input.environment,
    run: release.run,
    sha: release.sha,
    definition: release.definition,
    actor: input.actor,
    folder,
    policy: configurationPolicy(release, input.asksPermission ?? false),
  })
  await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  if (outcome.state === 'superseded')
    await ctx.step('again', (step) => deployAgain(deps, step, ctx.chain, input))
  const also = input.passesOn?.also ?? []
  if (outcome.state !== 'live' && outcome.state !== 'superseded' && also.length > 0)
    await ctx.step('stop', async (step) => {
      noteStop(step, input, also, outcome.reason ?? 'the deployment failed')
      return null
    })
  if (outcome.state !== 'live') return outcome
  // Both may fail, and an error that nothing awaits is a fault of its own.
  const [setback] = await Promise.all([outcome.settled, outcome.retired])
  if (input.passesOn)
    await ctx.step('pass-on', async (step) => {
      if (setback === null) return passOn(deps, step, input, release.configuration)
      noteStop(step, input, also, 'the deployment was taken back')
      return null
    })
  return { state: 'live', reason: null }
}

/**
 * Deploys the configuration to the release that is live now, unless that release has it, a later
 * deployment includes it, or it was refused.
 */
async function deployAgain(
  deps: Dependencies,
  step: StepContext,
  chain: string,
  input: ConfigurationInput,
): Promise<null> {
  const { app, environment, passesOn } = input
  const stop = (reason: string): null => {
    noteStop(step, input, passesOn?.also ?? [], reason)
    return null
  }
  const [release, live] = await Promise.all([
    store.getRelease(deps.db, input.release),
    liveDeployment(deps.db, app, environment),
  ])
  if (!release || !live || live.configuration >= release.configuration)
    return stop('another deployment replaced this one')
  if ((await store.laterOfItsKind(deps.db, input.deployment)) !== null)
    return stop('a later change of the configuration replaced it')
  const on = await store.getRelease(deps.db, live.release)
  if (!on || (await isRefused(deps.db, app, environment, release.configuration)))
    return stop('the configuration was refused')
  const next = await startConfiguration(deps.db, on, {
    ...{ chain, actor: input.actor, by: input.actor, version: release.configuration },
    ...{ asksPermission: false, passesOn: input.passesOn },
  })
  for (const write of next.writes) step.write(write)
  step.emit(next.event)
  step.start(next.workflow)
  return null
}

/**
 * Makes the folder for the verification, because the workspace of the run is gone: the commit, with
 * the content of the artifact on top.
 */
async function makeWorkspace(
  deps: Dependencies,
  step: StepContext,
  release: store.Release,
  folder: string,
): Promise<null> {
  const built = `${folder}-artifact`
  try {
    await deps.source.checkout({
      app: release.app,
      sha: release.sha,
      folder,
      isTrusted: true,
      signal: step.signal,
    })
    await unpack({
      layout: deps.home.artifacts,
      digest: release.artifact,
      folder: built,
      durable: false,
      keepFree: (await deps.disk()).floor * 1e6,
    })
    await cp(built, folder, { recursive: true, force: true, verbatimSymlinks: true })
    await chownToSteps(deps, release.app, folder)
  } catch (error) {
    if (error instanceof OciError || error instanceof FairleadError) throw new Failed(error.message)
    throw error
  } finally {
    await rm(built, { recursive: true, force: true })
  }
  return null
}
