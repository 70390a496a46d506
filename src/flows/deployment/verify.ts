import { stepFile } from '#contract/pipeline-file/step-file.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { executeStep } from '#flows/step/step.ts'
import { environmentOf, factsOf, type PlannedDeployment, subject } from './planned-deployment.ts'
import type { Started } from './start.ts'
import { openSecrets } from './release-spec.ts'

/** Runs `verify` against a healthy release, on each host; returns why it failed, or null. */
export async function verify(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  { address, addresses }: Extract<Started, { reason: null }>,
): Promise<string | null> {
  if (!environmentOf(plan)?.verify) return null
  const masks = Object.values(await openSecrets(deps, plan.app, plan.environment))
  const places = addresses ?? [{ host: '', address }]
  for (const place of places) {
    const problem = await verifyAt(deps, step, plan, { ...place, masks })
    if (problem !== null) return problem
  }
  step.write(store.setDeploymentState(plan.id, 'switching'))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.verified',
    data: factsOf(plan),
  })
  return null
}

async function verifyAt(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  { host, address, masks }: { host: string; address: string | null; masks: string[] },
): Promise<string | null> {
  const file = environmentOf(plan)
  if (!file?.verify) return null
  const result = await executeStep(deps, step, {
    run: plan.run,
    app: plan.app,
    sha: plan.sha,
    pullRequest: null,
    isTrusted: true,
    name: `verify-${plan.environment}${host && `-${host}`}`,
    file: stepFile.parse({ run: file.verify.run, timeout: `${file.verify.timeout}ms` }),
    workspace: plan.folder,
    directory: plan.folder,
    env: {
      ...file.env,
      FAIRLEAD_ENVIRONMENT: plan.environment,
      FAIRLEAD_RELEASE: String(plan.release),
      ...(address === null ? {} : { FAIRLEAD_URL: address }),
    },
    masks,
  })
  if (result.passed) return null
  const where = host && ` on ${host}`
  return `the verification failed${where}: ${result.reason ?? 'no reason given'}`
}
