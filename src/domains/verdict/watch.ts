import type { ArmCounts, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import { armOf } from './served.ts'
import { quantileOf, Slowness } from './slowness.ts'
import { createJudge } from './statistics/judge.ts'

interface Rate {
  requests: number
  errors: number
}

export interface WatchJudgement {
  isHarmful: boolean
  /** one sentence in plain words, without a full stop */
  reason: string
  before: Rate
  after: Rate
}

export interface WatchJudge {
  see(look: Look): void
  judge(): WatchJudgement
}

/** Latencies since the promotion that are compared in sentences, in seconds of traffic. */
const recent = 60

/**
 * Judges a release that has all of the traffic against the counts of the release before. `canary`
 * is what was observed while it was a canary: its evidence is carried over. `before` is what the
 * release before served in its last minutes. The probability to roll back a release that is as good
 * is at most `alpha` for errors and as much for latency, when rates stay the same.
 */
export function createWatch(watched: {
  settings: VerdictSettings
  canary: Look[]
  before: ArmCounts | null
}): WatchJudge {
  const { settings, canary, before } = watched
  const judge = createJudge(settings)
  for (const look of canary) judge.see(look)
  if (before && canary.length === 0)
    judge.see({ batches: [{ at: 0, share: 0, baseline: before, canary: armOf([]) }], sample: null })
  const first = judge.judge().errors
  const slowness = new Slowness(before?.latency ?? [], settings)
  const after = { requests: 0, errors: 0 }
  const latest: ArmCounts['latency'][] = []
  return {
    see: (look) => {
      judge.see(look)
      for (const { at, canary: arm } of look.batches) {
        after.requests += arm.requests
        after.errors += arm.errors
        slowness.add(at, arm.latency)
        latest.push(arm.latency)
        if (latest.length > recent) latest.shift()
      }
    },
    judge: () => {
      const sides = { before: first.baseline, after: { ...after } }
      const { evidence, worst } = slowness.evidence()
      if (judge.judge().verdict === 'harmful' && rose(sides, settings.harm.difference))
        return { ...sides, isHarmful: true, reason: failing(sides) }
      if (worst && evidence >= Math.log(1 / settings.alpha))
        return { ...sides, isHarmful: true, reason: slower(worst, latest.flat()) }
      return { ...sides, isHarmful: false, reason: quiet(sides) }
    },
  }
}

const rateOf = ({ requests, errors }: Rate): number => (requests === 0 ? 0 : errors / requests)

/** Rates of different times are compared, so a rise must also matter in points. */
const rose = ({ before, after }: Record<'before' | 'after', Rate>, difference: number): boolean =>
  rateOf(after) - rateOf(before) >= difference

const count = (value: number): string => value.toLocaleString('en-US')
const failed = ({ requests, errors }: Rate): string => `${count(errors)} of ${count(requests)}`

const failing = ({ before, after }: Record<'before' | 'after', Rate>): string =>
  `${failed(after)} requests failed since it has all of the traffic, compared with ` +
  `${failed(before)} of the release before`

function slower(
  { quantile, before }: { quantile: number; before: number },
  latency: ArmCounts['latency'],
): string {
  const ms = (value: number): string => `${Number(value.toPrecision(2))} ms`
  return (
    `it is slower than the release before: its p${quantile * 100} is about ` +
    `${ms(quantileOf(latency, quantile))}, compared with ${ms(before)}`
  )
}

function quiet({ before, after }: Record<'before' | 'after', Rate>): string {
  if (after.requests === 0) return 'no request has arrived'
  return before.requests === 0
    ? `${failed(after)} requests failed, and there are none of a release before to compare with`
    : `${failed(after)} requests failed, compared with ${failed(before)} of the release before`
}
