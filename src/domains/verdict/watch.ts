import type { ArmCounts, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import type { ProvenRecord } from './record.ts'
import { armOf } from './served.ts'
import { quantileOf, Slowness } from './slowness.ts'
import { createJudge } from './statistics/judge.ts'
import { type Rise, WatchedOutcomes } from './watched-outcomes.ts'

interface Rate {
  requests: number
  errors: number
}

export interface WatchJudgement {
  isHarmful: boolean
  /** one sentence in plain words, without a full stop */
  reason: string
  before: Rate
  /** the last proven release, when the release before is unproven; null otherwise */
  proven: (Rate & { release: number }) | null
  after: Rate
}

export interface WatchJudge {
  see(look: Look): void
  judge(): WatchJudgement
}

/** Latencies since the promotion that are compared in sentences, in seconds of traffic. */
const recent = 60

/** What a release that has all of the traffic is compared with. */
interface Watched {
  settings: VerdictSettings
  /** What was observed while it was a canary: its evidence is carried over. */
  canary: Look[]
  /** What the release before served in its last minutes. */
  before: ArmCounts | null
  /** What the last proven release served, when the release before is unproven. */
  record: ProvenRecord | null
}

/**
 * Judges a release that has all of the traffic against the counts of the release before. When that
 * one is unproven, also against the last proven release: otherwise harm that grows by a little with
 * each release is never found. The two comparisons share `alpha`.
 */
export function createWatch({ settings, canary, before, record }: Watched): WatchJudge {
  if (record === null) return compareWith({ settings, canary, before }, 'the release before')
  const shared = { ...settings, alpha: settings.alpha / 2 }
  const name = `release ${record.release}, the last proven one`
  const former = compareWith({ settings: shared, canary, before }, 'the release before')
  const proven = compareWith({ settings: shared, canary: [], before: record.counts }, name)
  return {
    see: (look) => {
      former.see(look)
      proven.see(look)
    },
    judge: () => {
      const [first, second] = [former.judge(), proven.judge()]
      const worst = second.isHarmful && !first.isHarmful ? second : first
      const counts = { ...second.before, release: record.release }
      return { ...first, isHarmful: worst.isHarmful, reason: worst.reason, proven: counts }
    },
  }
}

/**
 * Judges a release against the counts of an earlier one, which `name` names. The probability to
 * roll back a release that is as good is at most `alpha` for errors, as much for latency, and as
 * much for unfinished requests and 4xx responses together, when rates stay the same.
 */
function compareWith(
  { settings, canary, before }: Omit<Watched, 'record'>,
  name: string,
): WatchJudge {
  const judge = createJudge(settings)
  for (const look of canary) judge.see(look)
  if (before && canary.length === 0)
    judge.see({ batches: [{ at: 0, share: 0, baseline: before, canary: armOf([]) }], sample: null })
  const first = judge.judge().errors
  const slowness = new Slowness(before?.latency ?? [], settings)
  const outcomes = new WatchedOutcomes(before, settings.harm.ratio)
  const after = { requests: 0, errors: 0 }
  const latest: ArmCounts['latency'][] = []
  return {
    see: (look) => {
      judge.see(look)
      for (const { at, canary: arm } of look.batches) {
        after.requests += arm.requests
        after.errors += arm.errors
        slowness.add(at, arm.latency)
        outcomes.add(at, arm)
        latest.push(arm.latency)
        if (latest.length > recent) latest.shift()
      }
    },
    judge: () => {
      const sides = { before: first.baseline, proven: null, after: { ...after } }
      const { evidence, worst } = slowness.evidence()
      if (judge.judge().verdict === 'harmful' && rose(sides, settings.harm.difference))
        return { ...sides, isHarmful: true, reason: failing(sides, name) }
      if (worst && evidence >= Math.log(1 / settings.alpha))
        return { ...sides, isHarmful: true, reason: slower(worst, latest.flat(), name) }
      const other = outcomes.evidence()
      if (other.worst && other.evidence >= Math.log(1 / settings.alpha))
        return { ...sides, isHarmful: true, reason: rising(other.worst, name) }
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

const failing = ({ before, after }: Record<'before' | 'after', Rate>, earlier: string): string =>
  `${failed(after)} requests failed since it has all of the traffic, compared with ` +
  `${failed(before)} of ${earlier}`

const rising = ({ name, before, after }: Rise, earlier: string): string =>
  `${failed(after)} ${name === '4xx' ? 'responses have status 4xx' : 'requests did not finish'} ` +
  `since it has all of the traffic, compared with ${failed(before)} of ${earlier}`

function slower(
  { quantile, before }: { quantile: number; before: number },
  latency: ArmCounts['latency'],
  earlier: string,
): string {
  const ms = (value: number): string => `${Number(value.toPrecision(2))} ms`
  return (
    `it is slower than ${earlier}: its p${quantile * 100} is about ` +
    `${ms(quantileOf(latency, quantile))}, compared with ${ms(before)}`
  )
}

function quiet({ before, after }: Record<'before' | 'after', Rate>): string {
  if (after.requests === 0) return 'no request has arrived'
  return before.requests === 0
    ? `${failed(after)} requests failed, and there are none of a release before to compare with`
    : `${failed(after)} requests failed, compared with ${failed(before)} of the release before`
}
