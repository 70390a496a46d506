import type { CanaryFile } from '#contract/pipeline-file/canary-file.ts'
import { stepsOf } from '#contract/pipeline-file/canary-file.ts'
import { middleOf } from '#contract/verdict/verdict.ts'
import { latencyOf, type Served } from './served.ts'

/** The mean number of requests in progress in an instance, from which on load slows it down. */
const busy = 0.2
/** The loads of two instances that differ by no more than this factor are comparable. */
const comparable = 2

interface FreshQuestion {
  canary: Pick<CanaryFile, 'steps' | 'ramp' | 'fresh'>
  /** The instances of the current release, and of the canary. */
  instances: { baseline: number; canary: number }
  /** The mean number of requests in progress of the current release. */
  inProgress: number
}

/**
 * Whether the canary is compared with newly started instances of the current release. `auto`: when
 * load slows the instances down, and each instance of the current release has more than twice the
 * load of one of the canary at the last share, so that a slower canary would look as fast.
 */
export function needsFresh({ canary, instances, inProgress }: FreshQuestion): boolean {
  if (canary.fresh !== 'auto') return canary.fresh
  const share = (stepsOf(canary).at(-1) ?? 50) / 100
  if (share > 0.5 || instances.baseline === 0 || instances.canary === 0) return false
  const load = (1 - share) / instances.baseline
  return load > (comparable * share) / instances.canary && inProgress / instances.baseline >= busy
}

/**
 * The mean number of requests in progress in the seconds with requests: their durations divided by
 * the time (Little 1961). 0 without requests.
 */
export function inProgressOf(seconds: Served[]): number {
  const times = new Set(seconds.map(({ at }) => at)).size
  const total = latencyOf(seconds).reduce((sum, [bucket, n]) => sum + n * middleOf(bucket), 0)
  return times === 0 ? 0 : total / 1000 / times
}
