import type { Batch, OutcomeJudgement } from '#contract/verdict/verdict.ts'
import { logMeanExp } from './numbers.ts'
import type { Part } from './concentration.ts'
import { Rates } from './rates.ts'

/** Requests after which a part is judged by itself, and the limit of judged parts. */
const leastRequests = 500
const most = 20

/**
 * Judges the routes, or the tenants, that are counted by default, each by its own errors. They
 * share one part of the wealth: the nth one that gets enough traffic has the weight 1/(n(n + 1)),
 * so that any number of them costs no more than `alpha`. The traffic decides the order, never the
 * errors.
 */
export class PartRates {
  readonly #of: 'routes' | 'tenants'
  readonly #tolerance: number
  readonly #parts = new Map<string, Rates>()
  readonly #judged: { name: string; rates: Rates }[] = []

  constructor(of: 'routes' | 'tenants', tolerance: number) {
    this.#of = of
    this.#tolerance = tolerance
  }

  observe({ at, share, baseline, canary }: Batch, configured: (name: string) => boolean): void {
    const counts = { baseline: baseline[this.#of] ?? {}, canary: canary[this.#of] ?? {} }
    const names = new Set([...Object.keys(counts.baseline), ...Object.keys(counts.canary)])
    for (const name of names) {
      if (configured(name)) continue
      const of = ([requests, errors] = [0, 0]) => ({ requests, errors })
      const rates = this.#parts.get(name) ?? new Rates({ tolerance: this.#tolerance })
      this.#parts.set(name, rates)
      rates.add(at, share, of(counts.baseline[name]), of(counts.canary[name]))
      const isNew = this.#judged.every((one) => one.rates !== rates)
      if (isNew && this.#judged.length < most && rates.seen >= leastRequests)
        this.#judged.push({ name: this.#shown(name), rates })
    }
  }

  /** ln of the e-value of all parts. */
  evidence(): number {
    const all = this.#judged.map(({ rates }) => rates.evidence())
    const weights = all.map((_, i) => 1 / ((i + 1) * (i + 2)))
    const rest = 1 - weights.reduce((sum, weight) => sum + weight, 0)
    return logMeanExp([...all, 0], [...weights, rest])
  }

  /** The part with the strongest evidence. */
  worst(): string | null {
    let worst: { name: string; ln: number } | null = null
    for (const { name, rates } of this.#judged) {
      const ln = rates.evidence()
      if (worst === null || ln > worst.ln) worst = { name, ln }
    }
    return worst?.name ?? null
  }

  /** What was counted of each part, also of those with too few requests to be judged. */
  counted(): Part[] {
    return [...this.#parts].map(([name, { total }]) => ({ name: this.#shown(name), ...total }))
  }

  #shown(name: string): string {
    return this.#of === 'tenants' ? `tenant ${name}` : name
  }

  judge(harmful: string | null): OutcomeJudgement[] {
    return this.#judged.map(({ name, rates }) => ({
      name,
      state: name === harmful ? 'harmful' : 'even',
      evidence: rates.evidence() / Math.LN10,
      baseline: { requests: rates.total.baseline.requests, count: rates.total.baseline.errors },
      canary: { requests: rates.total.canary.requests, count: rates.total.canary.errors },
    }))
  }
}
