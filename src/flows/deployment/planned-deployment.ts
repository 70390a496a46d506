import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { Admission, Situation } from '#domains/deployment/deployment.ts'

/** A deployment whose rows are stored already. `folder` is where its verification runs. */
export interface PlannedDeployment {
  id: number
  release: number
  app: string
  environment: string
  kind: Deployment['kind']
  run: number
  sha: string
  definition: PipelineFile
  actor: string
  /** orders the queue for the environment's lock */
  rank: number
  folder: string
  /** verify before the switch; a rollback returns to what was verified before */
  verify: boolean
  /** take the newest configuration when the lock is held; a rollback keeps the one it had */
  refreshConfiguration: boolean
  /** people or a calendar have a say before it begins; never when something is taken back */
  asksPermission: boolean
  /** may it go, now that it has the lock */
  admit(situation: Situation): Admission
  /** what becomes of the deployment that had the traffic */
  formerState: 'replaced' | 'rolled_back'
  formerReason: string | null
}

/** Of its events. */
export const subject = (plan: PlannedDeployment) => ({
  subject: `deployment/${plan.id}`,
  app: plan.app,
  actor: plan.actor,
})

/** What every event of a deployment says. */
export const facts = (
  plan: Pick<PlannedDeployment, 'environment' | 'kind' | 'run' | 'release' | 'sha'>,
) => ({
  environment: plan.environment,
  kind: plan.kind,
  run: plan.run,
  release: plan.release,
  sha: plan.sha,
})
