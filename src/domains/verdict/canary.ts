import { type CanaryFile, type MetricFile, stepsOf } from '#contract/pipeline-file/canary-file.ts'
import type { MetricSettings } from '#contract/verdict/metric.ts'
import type { Judgement, VerdictSettings } from '#contract/verdict/verdict.ts'

/** The facts that decide what happens to a canary. Times are in milliseconds. */
export interface CanarySituation {
  elapsed: number
  plan: Pick<CanaryFile, 'steps' | 'ramp' | 'least' | 'most' | 'undecided'>
  /** How long the outcomes of all requests are known; requests in progress hold it back. */
  observed: number
  /** Requests per second of both releases; null until enough of them were observed. */
  perSecond: number | null
  judgement: Judgement
  /** Why the canary's release is unhealthy; null while it is healthy. */
  sick: string | null
  /** A newer deployment is waiting for the environment. */
  hasNewerDeployment: boolean
  /** How long canaries of the environment have been superseded, this one included. */
  contested: number
  /** Who requested the promotion; null when nobody did. */
  promotedBy: string | null
  /** A verification command has passed on the canary. */
  isVerified: boolean
}

export type CanaryDecision =
  | { do: 'go on'; share: number }
  | { do: 'wait'; share: number; reason: string }
  | { do: 'promote'; reason: string; isProven: boolean }
  | { do: 'take back'; reason: string }
  | { do: 'give up'; reason: string }

/** A step with fewer requests on the canary than this shows nothing, and is left out. */
const leastInStep = 30

/**
 * The canary's share of the requests at a time, 0 to 1. The steps divide `least` into equal parts;
 * the last step stays in force afterwards. With thin traffic, steps that would give the canary less
 * than 30 requests are left out.
 */
export function shareAt(
  elapsed: number,
  plan: Pick<CanaryFile, 'steps' | 'ramp' | 'least'>,
  perSecond: number | null = null,
): number {
  const { least } = plan
  const steps = stepsOf(plan)
  const last = steps.length - 1
  const seconds = Math.max(least / steps.length, least / 3) / 1000
  const enough = perSecond === null ? 0 : leastInStep / (perSecond * seconds)
  const planned = least === 0 ? last : Math.floor((elapsed / least) * steps.length)
  const useful = steps.findIndex((percent) => percent / 100 >= enough)
  const step = Math.max(planned, useful === -1 ? last : useful, 0)
  return (steps[Math.min(step, last)] ?? 0) / 100
}

/**
 * Requests per second, once enough time is observed; null before. `requests` are those whose
 * outcome is known.
 */
export function rateOf(
  requests: number,
  observed: number,
  { least }: Pick<CanaryFile, 'least'>,
): number | null {
  const enough = Math.min(10_000, least / 10)
  return observed < enough || observed === 0 ? null : (1000 * requests) / observed
}

/** Derives the settings of a verdict from the keys of `canary`. */
export function settingsOf(file: CanaryFile): VerdictSettings {
  const { alpha, tolerance, harm, warm, least, session, metrics } = file
  const unit = session ? ('sessions' as const) : ('requests' as const)
  const hasTenants = file.tenant !== undefined
  // A short canary would end before any exception counts: a minute remains, or most of its time.
  const exceptionsAfter = Math.min(warm, Math.max(least - 60_000, Math.floor(least / 4)))
  return {
    ...{ alpha, tolerance, harm, warm, exceptionsAfter, unit, hasTenants },
    metrics: metricSettings(metrics),
  }
}

/** Derives the settings that a metric is judged by from its entry in fairlead.yaml. */
function metricSettings(metrics: CanaryFile['metrics']): VerdictSettings['metrics'] {
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
    worse: metric.worse,
    advisory: metric.advisory || metric.gauge !== undefined,
  })
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => [name, settingsOf(metric)]),
  )
}

/** Why a canary that is not proven harmful must not be promoted without a person; else null. */
export function objectionTo({ doubt, metrics }: Judgement): string | null {
  if (doubt !== null) return doubt
  const suspect = metrics.find(
    ({ advisory, state }) => !advisory && (state === 'unknown' || state === 'harmful'),
  )
  if (!suspect) return null
  return suspect.state === 'unknown'
    ? `\`${suspect.name}\` has no readings.`
    : `\`${suspect.name}\` is worse.`
}

/**
 * Decides what happens to a canary. Harm takes precedence. A canary whose health cannot be proven
 * in time is promoted when nothing speaks against it, and its record says so.
 */
export function decideCanary(situation: CanarySituation): CanaryDecision {
  const { elapsed, plan, judgement, sick, promotedBy } = situation
  const share = shareAt(Math.min(situation.observed, elapsed), plan, situation.perSecond)
  if (judgement.verdict === 'harmful') return { do: 'take back', reason: judgement.reason }
  if (sick !== null) return { do: 'take back', reason: sick }
  // Frequent changes must not keep every one of them from production.
  const maySupersede = situation.contested < plan.most || elapsed >= plan.most
  if (situation.hasNewerDeployment && maySupersede)
    return { do: 'give up', reason: 'a newer deployment is waiting for the environment' }
  if (promotedBy !== null)
    return {
      do: 'promote',
      isProven: false,
      reason: `promoted by ${promotedBy} before its analysis ended`,
    }
  if (judgement.verdict === 'healthy' && elapsed >= plan.least)
    return { do: 'promote', isProven: true, reason: judgement.reason }
  if (elapsed < plan.most) return { do: 'go on', share }
  const { errors, metrics } = judgement
  const isQuiet =
    errors.canary.requests + errors.baseline.requests === 0 &&
    metrics.every(({ advisory }) => advisory)
  if (isQuiet && situation.isVerified)
    return {
      do: 'promote',
      isProven: false,
      reason: 'no requests came in, so the verification command decided instead of traffic',
    }
  if (plan.undecided === 'rollback')
    return { do: 'take back', reason: `${judgement.reason} Rolled back, as configured` }
  if (plan.undecided === 'hold') return { do: 'wait', share, reason: judgement.reason }
  const objection = objectionTo(judgement)
  return objection === null
    ? { do: 'promote', isProven: false, reason: `${judgement.reason} Nothing speaks against it` }
    : {
        do: 'wait',
        share,
        reason: judgement.doubt === null ? `${objection} ${judgement.reason}` : judgement.reason,
      }
}
