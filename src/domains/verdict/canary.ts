import { type CanaryFile, type MetricFile, stepsOf } from '#contract/pipeline-file/canary-file.ts'
import type { MetricSettings } from '#contract/verdict/metric.ts'
import type { Judgement, VerdictSettings } from '#contract/verdict/verdict.ts'

/** What is known of a canary when it is decided what becomes of it. Times are milliseconds. */
export interface CanarySituation {
  elapsed: number
  plan: Pick<CanaryFile, 'steps' | 'ramp' | 'least' | 'most' | 'undecided'>
  judgement: Judgement
  /** its release is no longer well, and why */
  sick: string | null
  /** a newer deployment is waiting for the environment */
  hasNewerDeployment: boolean
  /** who asked to promote it */
  promotedBy: string | null
  /** a verification command has passed on it */
  isVerified: boolean
}

export type CanaryDecision =
  | { do: 'go on'; share: number }
  | { do: 'wait'; share: number; reason: string }
  | { do: 'promote'; reason: string }
  | { do: 'take back'; reason: string }
  | { do: 'give up'; reason: string }

/**
 * The share of the requests that a canary has at a time: each step for an equal part of `least`,
 * then the last.
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

/** How a file's metrics are judged. */
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
    advisory: metric.advisory || metric.gauge !== undefined,
  })
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => [name, settingsOf(metric)]),
  )
}

/** What becomes of a canary now. Harm comes first; without enough data nothing is called good. */
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
