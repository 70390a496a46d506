import type { ExceptionReading, OutcomeJudgement } from '#contract/verdict/verdict.ts'
import { type Rate, riseEvidence, type Tally } from './errors.ts'

/** Limit of types that are judged. */
const mostTypes = 50
/** The least number of seconds in which the canary must have thrown a new error. */
const leastSeconds = 4

export interface ExceptionSettings {
  /** How many times as often is harm. */
  ratio: number
  /** The part of the canary's requests below which nobody needs to decide. */
  difference: number
  /** The time after its begin that is not judged, in milliseconds: instances start. */
  warm: number
}

/** The events of one type of exception. */
interface Type {
  /** by share */
  tallies: Map<number, Tally>
  last: { second: number; baseline: boolean; canary: boolean }
  seconds: number
  total: Record<'baseline' | 'canary', number>
  /** new errors of the canary, with their events */
  fresh: Map<number, { title: string; count: number }>
}

/**
 * Judges the exceptions that only a canary throws. They are compared by type, because a moved
 * function makes a new error of an old exception, and by the seconds in which each release threw
 * one, because one event can throw many. Instances that get no requests from the edge throw
 * whatever the share is, so a share below a half counts as a half.
 *
 * With c and b the probabilities that the canary and the baseline throw a type within a second, the
 * evidence is an e-process against c ≤ ratio · odds · b, however both depend on each other. The nth
 * type to appear has the weight 1/(n(n + 1)), so that all types together reach 1/α with a
 * probability of at most α.
 */
export class Exceptions {
  readonly #settings: ExceptionSettings
  readonly #types = new Map<string, Type>()
  #began: number | null = null

  constructor(settings: ExceptionSettings) {
    this.#settings = settings
  }

  /** The canary begins at a time in milliseconds, or began before. */
  begin(at: number): void {
    this.#began ??= at
  }

  /** Adds the events since the reading before, at a time in milliseconds and the present share. */
  observe(share: number, { at, errors }: ExceptionReading): void {
    this.begin(at)
    if (at - (this.#began ?? at) < this.#settings.warm || share <= 0 || share >= 1) return
    const second = Math.floor(at / 1000)
    for (const { type: name, error, title, isNew, baseline, canary } of errors) {
      const type = this.#typeOf(name)
      if (!type) continue
      type.total.baseline += baseline
      type.total.canary += canary
      if (isNew && canary > 0) {
        const count = (type.fresh.get(error)?.count ?? 0) + canary
        type.fresh.set(error, { title, count })
      }
      count(type, second, Math.max(0.5, share), { baseline: baseline > 0, canary: canary > 0 })
    }
  }

  #typeOf(name: string): Type | null {
    const known = this.#types.get(name)
    if (known || this.#types.size >= mostTypes) return known ?? null
    const none = { second: -1, baseline: false, canary: false }
    const type: Type = {
      ...{ tallies: new Map(), fresh: new Map(), last: none, seconds: 0 },
      total: { baseline: 0, canary: 0 },
    }
    this.#types.set(name, type)
    return type
  }

  /**
   * The types of which the canary throws a new error. `holds` is the evidence at which a person
   * must decide; `total` are all requests.
   */
  judge(total: Record<'baseline' | 'canary', Rate>, holds: number): OutcomeJudgement[] {
    return [...this.#types.values()].flatMap((type, i) => {
      const [worst] = [...type.fresh].toSorted(([, one], [, other]) => other.count - one.count)
      if (!worst) return []
      const [error, { title }] = worst
      const ln =
        riseEvidence([...type.tallies.values()], this.#settings.ratio) - Math.log((i + 1) * (i + 2))
      const isFrequent =
        type.seconds >= leastSeconds &&
        type.total.canary >= this.#settings.difference * total.canary.requests
      return [
        {
          ...{ name: `error/${error}`, title, evidence: ln / Math.LN10 },
          state: isFrequent && ln >= holds ? ('shifted' as const) : ('even' as const),
          baseline: { requests: total.baseline.requests, count: type.total.baseline },
          canary: { requests: total.canary.requests, count: type.total.canary },
        },
      ]
    })
  }
}

/** Counts each release at most once a second. */
function count(
  type: Type,
  second: number,
  share: number,
  threw: Record<'baseline' | 'canary', boolean>,
): void {
  if (type.last.second !== second) type.last = { second, baseline: false, canary: false }
  const none = { share, requests: { baseline: 0, canary: 0 }, errors: { baseline: 0, canary: 0 } }
  const tally = type.tallies.get(share) ?? none
  for (const arm of ['baseline', 'canary'] as const) {
    if (!threw[arm] || type.last[arm]) continue
    type.last[arm] = true
    tally.errors[arm] += 1
    if (arm === 'canary') type.seconds += 1
  }
  type.tallies.set(share, tally)
}
