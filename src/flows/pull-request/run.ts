import { join } from 'node:path'
import { defaultTarget, type TargetChoice } from '#contract/deployment/target.ts'
import { environmentFile, type PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { previewName } from '#contract/pull-request/pull-request.ts'
import { getStored } from '#domains/configuration/store.ts'
import { targetOf } from '#domains/deployment/open-targets.ts'
import * as deployments from '#domains/deployment/store.ts'
import { newerRunOf } from '#domains/pipeline/store.ts'
import { getPullRequest } from '#domains/pull-request/store.ts'
import { Failed, type StepContext, type WorkflowContext } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { getRun } from '#views/run.ts'
import { deploy } from '#flows/deployment/deployment.ts'
import { facts } from '#flows/deployment/planned-deployment.ts'
import { previewPolicy } from '#flows/deployment/policy.ts'
import { planEnvironments } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** The pull request whose head a run tests. */
export interface HeadOf {
  number: number
  isTrusted: boolean
}

/**
 * The file of a head, with what only the branch may define: environments, whose secrets steps get,
 * and the settings of pull requests.
 */
export const asHead = (head: PipelineFile, branch: PipelineFile): PipelineFile => ({
  ...head,
  environments: branch.environments,
  pull_requests: branch.pull_requests,
  schedule: [],
})

/**
 * The target of previews: that of the environment whose configuration they use, or of the first
 * one, if it can hold them; otherwise the default target.
 */
export function previewTarget(
  { environments, pull_requests: { preview } }: PipelineFile,
  canHold: (target: TargetChoice) => boolean,
): TargetChoice {
  const name = preview.configuration ?? Object.keys(environments)[0]
  const target = name === undefined ? undefined : environments[name]?.target
  return target && canHold(target) ? target : defaultTarget
}

/** The definition of a pull request's preview environment. */
export function previewFile(
  definition: PipelineFile,
  environment: string,
  target: TargetChoice,
): PipelineFile {
  const { services, env, instances } = definition.pull_requests.preview
  const isWanted = (name: string): boolean => services.length === 0 || services.includes(name)
  return {
    ...definition,
    services: Object.fromEntries(
      Object.entries(definition.services).filter(([name]) => isWanted(name)),
    ),
    environments: { [environment]: environmentFile.parse({ env, instances, watch: 0, target }) },
  }
}

export interface PreviewRequest {
  run: number
  app: string
  sha: string
  actor: string
  pullRequest: HeadOf
  artifact: string
  definition: PipelineFile
  workspace: string
  folder: string
}

/**
 * Deploys the head of a pull request into its preview environment. An untrusted head gets none,
 * because a preview keeps running and is reachable by everybody. Returns why it failed, or null
 * when no preview is wanted; `retired` resolves when the previous release has stopped.
 */
export async function deployPreview(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: PreviewRequest,
): Promise<{ reason: string | null; retired: Promise<void> } | null> {
  const { pullRequest, definition } = request
  if (!definition.pull_requests.preview.deploy || !pullRequest.isTrusted) return null
  const environment = previewName(pullRequest.number)
  const target = previewTarget(definition, (choice) =>
    deps.targets.of(choice).capabilities.includes('previews'),
  )
  const file = previewFile(definition, environment, target)
  const plan = await ctx.step(`${environment}.plan`, (step) =>
    planPreview(ctx, deps, step, { ...request, file }),
  )
  if (plan === null) return null
  const { run, app, sha, actor } = request
  const outcome = await deploy(ctx, deps, {
    ...{ ...plan, run, app, sha, actor, environment, definition: file },
    folder: join(request.workspace, request.folder),
    policy: previewPolicy(run),
  })
  if (outcome.state === 'live') return { reason: null, retired: outcome.retired }
  return { reason: `${environment}: ${outcome.reason}`, retired: Promise.resolve() }
}

async function planPreview(
  ctx: WorkflowContext,
  deps: Dependencies,
  step: StepContext,
  request: PreviewRequest & { file: PipelineFile },
): Promise<{ id: number; release: number } | null> {
  const { db } = deps
  const { app, run, sha, actor, artifact, file, definition, pullRequest } = request
  const pull = await getPullRequest(db, app, pullRequest.number)
  if (pull?.state !== 'open') return null
  const name = previewName(pullRequest.number)
  const known = await deployments.listAllEnvironments(db)
  const mine = known.find((one) => one.app === app && one.name === name)
  const environment = { app, name, position: 0, pullRequest: pullRequest.number }
  const target = targetOf(file, name)
  const reserved = await planEnvironments(deps, known, [{ ...environment, file: { target } }])
  if (reserved.problem !== null) throw new Failed(reserved.problem)
  const { configuration: takenFrom } = definition.pull_requests.preview
  const { version } = takenFrom === undefined ? { version: 0 } : await getStored(db, app, takenFrom)
  const ids = await deployments.nextIds(db)
  const at = { app, environment: name, run }
  for (const statement of reserved.statements) step.write(statement)
  step.write(
    deployments.insertRelease({
      ...{ ...at, id: ids.release, artifact, configuration: version, sha, definition: file },
      ...{ takenFrom: takenFrom ?? null, hasSecrets: pull.fork === null },
    }),
  )
  const { deployment: id, release } = ids
  step.write(
    deployments.insertDeployment({ ...at, id, kind: 'delivery', release, actor, workflow: ctx.id }),
  )
  if (!mine)
    step.emit({
      type: 'dev.cdevents.environment.created',
      subject: `environment/${app}/${name}`,
      app,
      actor,
      data: { pullRequest: pullRequest.number, port: reserved.ports[0] ?? null },
    })
  step.emit({
    type: 'dev.cdeventsx.fairlead-deployment.waiting',
    subject: `deployment/${id}`,
    app,
    actor,
    data: facts({ environment: name, kind: 'delivery', run, release, sha }),
  })
  return { id, release }
}

/**
 * The end of a run that was cancelled: superseded when a newer head replaced it, otherwise
 * cancelled, with the reason.
 */
export async function endOfCancelled(
  db: Database,
  { app, run, pullRequest }: { app: string; run: number; pullRequest: number },
): Promise<{ state: 'cancelled' | 'superseded'; reason: string }> {
  const newer = await newerRunOf(db, { app, id: run, pullRequest })
  if (newer !== null) return { state: 'superseded', reason: `run ${newer} replaced it` }
  const pull = await getPullRequest(db, app, pullRequest)
  // The run may end before the run of the newer head is stored.
  if (pull?.state === 'open' && pull.sha !== (await getRun(db, run))?.change.sha)
    return { state: 'superseded', reason: 'a newer head replaced it' }
  if (pull?.state === 'open') return { state: 'cancelled', reason: 'cancelled' }
  return { state: 'cancelled', reason: pull?.reason ?? 'the pull request was closed' }
}
