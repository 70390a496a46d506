import { judgeWatch, restartsOf } from '#domains/deployment/deployment.ts'
import type { StepContext, WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import { endWatch } from '#domains/verdict/watch-store.ts'
import { monitoredHarm } from './monitored-harm.ts'
import { pause } from './retry.ts'
import { targetOfRelease } from './targets.ts'
import type { ReleaseReport } from '#domains/deployment/target.ts'
import { takeBack } from './take-back.ts'
import { openWatchCounts } from './watch-counts.ts'
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

/**
 * Watches a live release, and rolls it back when it crashes, fails more often or is slower, or when
 * a monitor finds harm that began with it.
 */
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
  const counts = await openWatchCounts(deps, step, input).catch(() => null)
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const live = await liveDeployment(deps.db, input.app, input.environment)
    if (live?.id !== input.deployment) {
      const outcome = 'another release has the traffic'
      step.write(endWatch(input.deployment, 'replaced', outcome))
      return { outcome }
    }
    const seen = await observe(deps, input)
    const state = judgeWatch(seen, before)
    const requests = counts ? await counts.poll() : null
    const now = deps.clock.now()
    const served = requests?.isHarmful ? requests.reason : null
    const found = live.live && { ...input, now, live: Date.parse(live.live) }
    const monitored = found ? await monitoredHarm(deps.db, found) : null
    const settled = monitored?.isSettled ? monitored.reason : null
    const harm = state.takeBack ? state.reason : (served ?? settled)
    if (harm !== null) {
      step.write(endWatch(input.deployment, 'harmful', harm))
      const { stays } = await takeBack(deps, step, input, harm)
      return { outcome: stays === null ? `rolled back: ${harm}` : `${harm}; ${stays}` }
    }
    // Harm whose cause is not certain yet prolongs the watch.
    if (now >= until && monitored === null) {
      const outcome = seen ? 'healthy' : 'unknown'
      const reason = requests ? `${state.reason}: ${requests.reason}` : state.reason
      step.write(endWatch(input.deployment, outcome, reason))
      step.emit({
        type: 'dev.cdeventsx.fairlead-deployment.watched',
        subject: `deployment/${input.deployment}`,
        app: input.app,
        data: { environment: input.environment, outcome, reason },
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
