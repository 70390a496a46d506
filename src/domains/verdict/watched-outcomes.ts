import type { ArmCounts } from '#contract/verdict/verdict.ts'
import type { Rate } from './statistics/errors.ts'
import { FollowUp } from './statistics/follow-up.ts'

/**
 * Outcomes other than errors that are harm when their part of the requests rises by at least so
 * much: of the releases that change the status of their responses, most mean to.
 */
const watched = [
  { name: 'unfinished', outcomes: ['left', 'open'], least: 0.005 },
  { name: '4xx', outcomes: ['4xx'], least: 0.2 },
] as const

type Name = (typeof watched)[number]['name']

/** An outcome that became more frequent. */
export interface Rise {
  name: Name
  before: Rate
  after: Rate
}

/** The requests of a release, and those of them with an outcome. Unfinished ones are requests. */
function countOf({ outcomes }: ArmCounts, names: readonly string[]): Rate {
  const sum = (all: [string, number][]): number =>
    all.reduce((total, [, count]) => total + count, 0)
  const entries = Object.entries(outcomes)
  return {
    requests: sum(entries),
    errors: sum(entries.filter(([name]) => names.includes(name))),
  }
}

/**
 * Compares unfinished requests and responses with status 4xx of a release with those of the release
 * before. A hang becomes an unfinished request when its client gives up.
 */
export class WatchedOutcomes {
  readonly #all: {
    name: Name
    names: readonly string[]
    least: number
    before: Rate
    later: FollowUp
  }[]

  /** `limit` is the factor by which an outcome may become more frequent. */
  constructor(before: ArmCounts | null, limit: number) {
    this.#all = before
      ? watched.map(({ name, outcomes, least }) => ({
          ...{ name, names: outcomes, least },
          before: countOf(before, outcomes),
          later: new FollowUp(limit),
        }))
      : []
  }

  add(at: number, arm: ArmCounts): void {
    for (const { names, later } of this.#all) later.add(at, countOf(arm, names))
  }

  /**
   * The outcome that rose most clearly, among those that rose enough, and ln of its e-value, with
   * its weight: an equal part for each outcome.
   */
  evidence(): { evidence: number; worst: Rise | null } {
    const [worst] = this.#all
      .filter(({ before, least, later }) => isRise(before, later.total, least))
      .map(({ name, before, later }) => ({ name, before, later, ln: later.evidence(before) }))
      .toSorted((a, b) => b.ln - a.ln)
    if (!worst) return { evidence: 0, worst: null }
    const { name, before, later, ln } = worst
    return {
      evidence: ln - Math.log(watched.length),
      worst: { name, before, after: { ...later.total } },
    }
  }
}

const isRise = (before: Rate, after: Rate, least: number): boolean =>
  before.requests > 0 && partOf(after) - partOf(before) >= least

const partOf = ({ requests, errors }: Rate): number => (requests === 0 ? 0 : errors / requests)
