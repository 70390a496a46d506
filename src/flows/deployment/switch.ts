import { FairleadError } from '#contract/errors.ts'
import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targetOf } from '#domains/deployment/open-targets.ts'
import { settingsOf } from '#domains/verdict/canary.ts'
import { recordFor } from '#domains/verdict/record.ts'
import { armOf } from '#domains/verdict/served.ts'
import { insertWatch } from '#domains/verdict/watch-store.ts'
import { judgeSettling } from '#domains/deployment/settle.ts'
import * as store from '#domains/deployment/store.ts'
import { Failed, type StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import {
  environmentOf,
  factsOf,
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
  subject,
} from './planned-deployment.ts'
import { pause, retryWhileUnavailable } from './retry.ts'
import { mustSettle } from './settle.ts'
import { answering, failIfAway, targetOfPlan } from './targets.ts'
import { formerOf } from '#views/canary.ts'

/** How long an instance may be unhealthy for a moment before the switch, in milliseconds. */
const patienceMs = 10_000

/**
 * Routes the traffic to a release. Throws a Failed when it failed meanwhile; one that is not ready
 * for a moment gets some time.
 */
async function route(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  hasCanary: boolean,
): Promise<void> {
  const target = targetOfPlan(deps, plan)
  const until = deps.clock.monotonic() + patienceMs
  for (;;) {
    const report = await retryWhileUnavailable(step, () => target.report(plan, 0))
    // After a canary, and once it is routed, other rules judge its crashes.
    const isJudged = mustSettle(plan) && !hasCanary && !report.routed
    if (isJudged && report.crashes > 0) throw new Failed(judgeSettling(report) ?? 'it crashed')
    const problem = report.state === 'failed' ? judgeSettling(report) : null
    try {
      return await retryWhileUnavailable(step, async () => {
        // A rollback goes on without a host that vanishes; other releases go back everywhere.
        const able = plan.policy.kind === 'rollback' ? await answering(target) : target
        await able.route(plan, fenceOf(plan, step))
      })
    } catch (error) {
      const isTooEarly = error instanceof FairleadError && error.code === 'not_now'
      if (!isTooEarly) throw error
      if (problem !== null || deps.clock.monotonic() > until)
        throw new Failed(problem ?? `it does not become ready for traffic: ${error.message}`)
    }
    await pause(step, 100)
  }
}

/** What happened to a release before it gets all of the traffic. */
export interface Trial {
  hasCanary: boolean
  /** false for a canary whose health was not proven */
  isProven: boolean
}

/** Switches all of the traffic to a release, and starts the watch over it. */
export async function switchTraffic(
  deps: Dependencies,
  chain: string,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
  trial: Trial,
): Promise<null> {
  const { id, app, environment, release, policy } = plan
  const watch = policy.isWatched ? watchOf(environmentOf(plan), trial) : 0
  if (watch > 0) step.write(insertWatch(await plannedWatch(deps, plan, former, watch)))
  await failIfAway(targetOfPlan(deps, plan), () => route(deps, step, plan, trial.hasCanary))
  const { state, reason } = policy.former
  await forgetClosedPort(deps, step, plan)
  for (const statement of store.switchDeployments(id, app, environment, state, reason))
    step.write(statement)
  const upgraded = former ? 'dev.cdevents.service.upgraded' : 'dev.cdevents.service.deployed'
  const artifact = (await store.getRelease(deps.db, release))?.artifact
  step.emit({
    ...subject(plan),
    type: policy.kind === 'rollback' ? 'dev.cdevents.service.rolledback' : upgraded,
    data: {
      ...{ ...factsOf(plan), former: former?.id ?? null },
      ...(artifact === undefined ? {} : { artifact }),
    },
  })
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.finished',
    data: { ...factsOf(plan), state: 'live', reason: null },
  })
  if (watch > 0)
    step.start({
      ...{ id: `watch/${id}`, name: 'watch', chain },
      input: { deployment: id, app, environment, release, watch },
    })
  return null
}

/** How long a release is watched, in milliseconds: longer when its health was not proven. */
const watchOf = (file: EnvironmentFile | undefined, { isProven }: Trial): number =>
  isProven ? (file?.watch ?? 0) : Math.max(file?.watch ?? 0, file?.canary.watch ?? 0)

/** Settings of the watch, and what the former and the last proven release served. */
async function plannedWatch(
  deps: Dependencies,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
  length: number,
): Promise<Parameters<typeof insertWatch>[0]> {
  const file = environmentOf(plan)?.canary ?? canaryFile.parse({})
  const answer = await targetOfPlan(deps, plan)
    .share?.served(plan, null)
    .catch(() => null)
  const seconds = answer?.seconds.filter(({ release }) => release === former?.release) ?? []
  const record =
    former === null
      ? null
      : recordFor(await formerOf(deps.db, plan, former.release), deps.clock.now())
  return {
    ...{ deployment: plan.id, settings: settingsOf(file), length },
    position: answer?.position ?? null,
    before: seconds.length === 0 ? null : armOf(seconds),
    record,
  }
}

/** While another program has the port of an environment, its URL is the one by host name. */
async function forgetClosedPort(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<void> {
  const target = targetOfPlan(deps, plan)
  if (!target.capabilities.includes('port')) return
  const { portProblem } = await retryWhileUnavailable(step, () => target.report(plan, 0))
  if (portProblem === undefined) return
  const { app, environment: name, definition } = plan
  const domains = definition.environments[name]?.domains?.map((domain) => domain.name) ?? []
  const [url = null] = target.urls({ app, environment: name, port: null, domains })
  step.write(store.setTargetUrl({ app, name, target: targetOf(definition, name), url }))
}
