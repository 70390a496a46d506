import { judgeWatch, restartsOf } from '#domains/deployment/deployment.ts'
import type { StepContext, WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import { pause } from './retry.ts'
import { targetOfRelease } from './targets.ts'
import type { ReleaseReport } from '#domains/deployment/target.ts'
import { takeBack } from './take-back.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'

export interface WatchInput {
  deployment: number
  app: string
  environment: string
  release: number
  /** milliseconds */
  watch: number
}

/** Watches a live release, and rolls it back when it crashes. */
export function watchWorkflow(
  deps: Dependencies,
): WorkflowDefinition<WatchInput, { outcome: string }> {
  return {
    name: 'watch',
    version: 1,
    concurrency: 1000,
    run: (ctx, input) => watch(ctx, deps, input),
  }
}

async function watch(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: WatchInput,
): Promise<{ outcome: string }> {
  const until = await ctx.step('begin', async () => deps.clock.now() + input.watch)
  const before = await ctx.step('restarts', (step) => countRestarts(deps, step, input, until))
  return ctx.step('watch', (step) => watchUntil(deps, step, input, { until, before }))
}

/** The restarts from before the watch. */
async function countRestarts(
  deps: Dependencies,
  step: StepContext,
  input: WatchInput,
  until: number,
): Promise<Record<string, number>> {
  for (;;) {
    const report = await observe(deps, input)
    if (report) return restartsOf(report)
    if (deps.clock.now() >= until) return {}
    await pause(step, 1000)
  }
}

async function watchUntil(
  deps: Dependencies,
  step: StepContext,
  input: WatchInput,
  { until, before }: { until: number; before: Record<string, number> },
): Promise<{ outcome: string }> {
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const live = await liveDeployment(deps.db, input.app, input.environment)
    if (live?.id !== input.deployment) return { outcome: 'another release has the traffic' }
    const seen = await observe(deps, input)
    const { takeBack: isHarmful, reason } = judgeWatch(seen, before)
    if (isHarmful) return takeBack(deps, step, input, reason)
    if (deps.clock.now() >= until) {
      step.emit({
        type: 'dev.cdeventsx.fairlead-deployment.watched',
        subject: `deployment/${input.deployment}`,
        app: input.app,
        data: { environment: input.environment, outcome: seen ? 'healthy' : 'unknown', reason },
      })
      return { outcome: reason }
    }
    await pause(step, 1000)
  }
}

async function observe(deps: Dependencies, input: WatchInput): Promise<ReleaseReport | null> {
  try {
    const target = await targetOfRelease(deps, input.release)
    const report = await target.report(input, 0)
    return report.state === 'missing' ? null : report
  } catch {
    return null
  }
}
