import type { ArmCounts, Batch, InstanceJudgement } from '#contract/verdict/verdict.ts'
import { betsAt, type Rate, rises, weights } from './errors.ts'
import { logMeanExp } from './numbers.ts'

/** Requests are compared in windows, in milliseconds: error rates and load change over time. */
const windowMs = 10_000
/** The least number of windows in which an instance must have failed: one stall is an accident. */
const leastWindows = 3
/** Limit of judged instances of a service. */
const most = 100

type Arm = 'baseline' | 'canary'
type Parts = NonNullable<ArmCounts['instances']>
const arms: Arm[] = ['baseline', 'canary']

/** An instance is named by its service and its port. */
const serviceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(':')))

interface Instance {
  name: string
  total: Rate
  /** ln of the wealth of each bet. */
  wealth: Float64Array
  /** Windows in which it failed. */
  failing: number
}

/** Finds an instance that fails more often than the others of its release. */
export class Instances {
  readonly #services = {
    baseline: new Map<string, Siblings>(),
    canary: new Map<string, Siblings>(),
  }

  observe({ at, baseline, canary }: Batch): void {
    this.#add('baseline', at, baseline.instances ?? {})
    this.#add('canary', at, canary.instances ?? {})
  }

  /** Services have error rates of their own, so only instances of the same one are compared. */
  #add(arm: Arm, at: number, parts: Parts): void {
    const services = Map.groupBy(Object.entries(parts), ([name]) => serviceOf(name))
    for (const [service, mine] of services) {
      const siblings = this.#services[arm].get(service) ?? new Siblings()
      this.#services[arm].set(service, siblings)
      siblings.add(at, mine)
    }
  }

  /** The instances with at least as much evidence, which is given as ln. */
  judge(enough: number): InstanceJudgement[] {
    // All instances share the probability of a false alarm.
    const all = arms.flatMap((arm) => [...this.#services[arm].values()])
    const size = all.reduce((sum, siblings) => sum + siblings.size, 0)
    const needed = enough + Math.log(Math.max(1, size))
    return arms.flatMap((arm) =>
      [...this.#services[arm].values()].flatMap((siblings) => siblings.judge(arm, needed)),
    )
  }
}

/**
 * The instances of one service of a release. For each, an e-process against "in each window, all
 * requests of the service fail with the same probability, whichever instance has them". Given how
 * many requests each instance had, and how many failed in all, those of one instance follow the
 * hypergeometric distribution. A convex function of it never has a higher mean than that of the
 * binomial distribution (Hoeffding 1963), so a bet on the binomial one is valid. Needs no random
 * choice of the instance.
 */
class Siblings {
  readonly #instances = new Map<string, Instance>()
  #window = new Map<Instance, Rate>()
  #began = -Infinity

  get size(): number {
    return this.#instances.size
  }

  add(at: number, parts: [string, Parts[string]][]): void {
    if (at - this.#began >= windowMs) {
      this.#close()
      this.#began = at
    }
    for (const [name, { requests, errors, unfinished }] of parts) {
      const instance = this.#instances.get(name) ?? this.#begin(name)
      if (!instance) continue
      const rate = this.#window.get(instance) ?? { requests: 0, errors: 0 }
      this.#window.set(instance, rate)
      for (const sum of [rate, instance.total]) {
        sum.requests += requests
        sum.errors += errors + unfinished
      }
    }
  }

  #begin(name: string): Instance | null {
    if (this.#instances.size >= most) return null
    const wealth = new Float64Array(rises.length)
    const instance = { name, total: { requests: 0, errors: 0 }, wealth, failing: 0 }
    this.#instances.set(name, instance)
    return instance
  }

  #close(): void {
    const all = sumOf([...this.#window.values()])
    if (all.errors > 0)
      for (const [instance, { requests, errors }] of this.#window) {
        if (requests === 0 || requests === all.requests) continue
        if (errors > 0) instance.failing += 1
        const { mine, other } = betsAt(rises, 1, requests / all.requests)
        for (let k = 0; k < rises.length; k += 1)
          instance.wealth[k] =
            (instance.wealth[k] ?? 0) +
            errors * (mine[k] ?? 0) +
            (all.errors - errors) * (other[k] ?? 0)
      }
    this.#window = new Map()
  }

  judge(release: Arm, needed: number): InstanceJudgement[] {
    const all = [...this.#instances.values()]
    const sum = sumOf(all.map(({ total }) => total))
    return all.flatMap(({ name, total: { requests, errors }, wealth, failing }) => {
      const ln = logMeanExp([...wealth], weights)
      if (failing < leastWindows || ln < needed) return []
      const others = { requests: sum.requests - requests, failed: sum.errors - errors }
      return [{ release, name, evidence: ln / Math.LN10, requests, failed: errors, others }]
    })
  }
}

const sumOf = (rates: Rate[]): Rate => ({
  requests: rates.reduce((sum, { requests }) => sum + requests, 0),
  errors: rates.reduce((sum, { errors }) => sum + errors, 0),
})
