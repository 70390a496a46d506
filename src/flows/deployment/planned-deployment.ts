import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { Fence, ReleaseReference } from '#domains/deployment/target.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { DeploymentPolicy } from './policy.ts'

/** What is deployed, and where. The rows of the deployment and its release are stored. */
export interface PlannedDeployment extends ReleaseReference {
  id: number
  run: number
  sha: string
  /** the definition that the release was planned with */
  definition: PipelineFile
  actor: string
  /** folder in which `verify` runs */
  folder: string
  policy: DeploymentPolicy
  /** of several hosts, those that it goes on without; absent before it was admitted */
  leftOut?: string[]
}

/** The deployment that had the traffic before. */
export interface FormerDeployment {
  id: number
  release: number
  /** false when its release is on another target, so that the two cannot share the traffic */
  sharesTarget?: boolean
}

/** What its fairlead.yaml says of the environment of a deployment. */
export const environmentOf = (plan: Pick<PlannedDeployment, 'definition' | 'environment'>) =>
  plan.definition.environments[plan.environment]

export const fenceOf = (plan: PlannedDeployment, step: StepContext): Fence => ({
  deployment: plan.id,
  epoch: step.epoch,
})

/** Subject, app and actor of every event of a deployment. */
export const subject = (plan: PlannedDeployment) => ({
  subject: `deployment/${plan.id}`,
  app: plan.app,
  actor: plan.actor,
})

/** The data of every event of a deployment. */
export const facts = (plan: {
  environment: string
  kind: Deployment['kind']
  run: number
  release: number
  sha: string
}) => ({
  environment: plan.environment,
  kind: plan.kind,
  run: plan.run,
  release: plan.release,
  sha: plan.sha,
})

export const factsOf = (plan: PlannedDeployment) => facts({ ...plan, kind: plan.policy.kind })
