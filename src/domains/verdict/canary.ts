import { type CanaryFile, type MetricFile, stepsOf } from '#contract/pipeline-file/canary-file.ts'
import type { MetricSettings } from '#contract/verdict/metric.ts'
import type { Judgement, VerdictSettings } from '#contract/verdict/verdict.ts'

/** The facts that decide what happens to a canary. Times are in milliseconds. */
export interface CanarySituation {
  elapsed: number
  plan: Pick<CanaryFile, 'steps' | 'ramp' | 'least' | 'most' | 'undecided'>
  judgement: Judgement
  /** Why the canary's release is unhealthy; null while it is healthy. */
  sick: string | null
  /** A newer deployment is waiting for the environment. */
  hasNewerDeployment: boolean
  /** Who requested the promotion; null when nobody did. */
  promotedBy: string | null
  /** A verification command has passed on the canary. */
  isVerified: boolean
}

export type CanaryDecision =
  | { do: 'go on'; share: number }
  | { do: 'wait'; share: number; reason: string }
  | { do: 'promote'; reason: string }
  | { do: 'take back'; reason: string }
  | { do: 'give up'; reason: string }

/**
 * The canary's share of the requests at a time, 0 to 1. The steps divide `least` into equal parts;
 * the last step stays in force afterwards.
 */
export function shareAt(
  elapsed: number,
  plan: Pick<CanaryFile, 'steps' | 'ramp' | 'least'>,
): number {
  const { least } = plan
  const steps = stepsOf(plan)
  const step = least === 0 ? steps.length - 1 : Math.floor((elapsed / least) * steps.length)
  return (steps[Math.min(Math.max(step, 0), steps.length - 1)] ?? 0) / 100
}

/** Derives the settings that a metric is judged by from its entry in fairlead.yaml. */
export function metricSettings(metrics: CanaryFile['metrics']): VerdictSettings['metrics'] {
  const settingsOf = (metric: MetricFile): MetricSettings => ({
    kind:
      metric.gauge !== undefined
        ? 'gauge'
        : metric.histogram !== undefined
          ? 'distribution'
          : 'rate',
    of:
      metric.route !== undefined
        ? 'requests'
        : metric.of !== undefined || metric.bad === undefined
          ? 'events'
          : 'seconds',
    tolerance: metric.tolerance,
    worse: 'higher',
    advisory: metric.advisory || metric.gauge !== undefined,
  })
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => [name, settingsOf(metric)]),
  )
}

/**
 * Decides what happens to a canary. Harm takes precedence, and missing data never counts as good.
 */
export function decideCanary(situation: CanarySituation): CanaryDecision {
  const { elapsed, plan, judgement, sick, promotedBy } = situation
  const share = shareAt(elapsed, plan)
  if (judgement.verdict === 'harmful') return { do: 'take back', reason: judgement.reason }
  if (sick !== null) return { do: 'take back', reason: sick }
  if (situation.hasNewerDeployment)
    return { do: 'give up', reason: 'a newer deployment is waiting for the environment' }
  if (promotedBy !== null)
    return { do: 'promote', reason: `promoted by ${promotedBy} before its verdict` }
  if (judgement.verdict === 'healthy' && elapsed >= plan.least)
    return { do: 'promote', reason: judgement.reason }
  if (elapsed < plan.most) return { do: 'go on', share }
  const { errors, metrics } = judgement
  const isQuiet =
    errors.canary.requests + errors.baseline.requests === 0 &&
    metrics.every(({ advisory }) => advisory)
  if (isQuiet && situation.isVerified)
    return {
      do: 'promote',
      reason: 'no requests came in, so the verification command decided instead of traffic',
    }
  if (plan.undecided === 'promote')
    return { do: 'promote', reason: `${judgement.reason} Promoted, as configured` }
  if (plan.undecided === 'rollback')
    return { do: 'take back', reason: `${judgement.reason} Rolled back, as configured` }
  return { do: 'wait', share, reason: judgement.reason }
}
