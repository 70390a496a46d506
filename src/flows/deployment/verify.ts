import { stepFile } from '#contract/pipeline-file/step-file.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { executeStep } from '#flows/step/step.ts'
import { environmentOf, factsOf, type PlannedDeployment, subject } from './planned-deployment.ts'
import { openSecrets } from './release-spec.ts'

/** Runs `verify` against a healthy release; returns why it failed, or null. */
export async function verify(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  address: string | null,
): Promise<string | null> {
  const file = environmentOf(plan)
  if (!file?.verify) return null
  const secrets = await openSecrets(deps, plan.app, plan.environment)
  const result = await executeStep(deps, step, {
    run: plan.run,
    app: plan.app,
    sha: plan.sha,
    pullRequest: null,
    isTrusted: true,
    name: `verify-${plan.environment}`,
    file: stepFile.parse({ run: file.verify.run, timeout: `${file.verify.timeout}ms` }),
    workspace: plan.folder,
    directory: plan.folder,
    env: {
      ...file.env,
      FAIRLEAD_ENVIRONMENT: plan.environment,
      FAIRLEAD_RELEASE: String(plan.release),
      ...(address === null ? {} : { FAIRLEAD_URL: address }),
    },
    masks: Object.values(secrets),
  })
  if (!result.passed) return `the verification failed: ${result.reason ?? 'no reason given'}`
  step.write(store.setDeploymentState(plan.id, 'switching'))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.verified',
    data: factsOf(plan),
  })
  return null
}
