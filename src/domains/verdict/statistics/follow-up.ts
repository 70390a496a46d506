import { Dispersion } from './dispersion.ts'
import { rises, weights } from './errors.ts'
import { lnGamma, logMeanExp } from './numbers.ts'
import type { Rate } from './errors.ts'

/** The prior of the error rate: Gamma, with this shape and this number of requests. */
const shape = 0.5
const priorRequests = 50
/** Requests are counted in windows, so that harm that begins late is not diluted. */
const windowMs = 15 * 60_000
const leastSeconds = 4

/**
 * ln of an e-value against "the later error rate is at most `limit` times the earlier one": the
 * mixture over alternatives and a prior of the rate, divided by the largest likelihood under the
 * hypothesis (universal inference; Wasserman, Ramdas, Balakrishnan, PNAS 2020). Valid at any number
 * of later requests if both rates are constant.
 */
export function laterEvidence(before: Rate, after: Rate, limit: number): number {
  const [b, c] = [before.errors, after.errors]
  const [m, n] = [before.requests, after.requests]
  const rate = (b + c) / (m + limit * n)
  const best = (b + c > 0 ? (b + c) * Math.log(rate) : 0) - (b + c) + c * Math.log(limit)
  const prior = shape * Math.log(priorRequests) - lnGamma(shape)
  const mixture = logMeanExp(
    rises.map(
      (rise) =>
        prior +
        c * Math.log(rise * limit) +
        lnGamma(shape + b + c) -
        (shape + b + c) * Math.log(priorRequests + m + rise * limit * n),
    ),
    weights,
  )
  return mixture - best
}

/**
 * Judges a promoted canary by the errors of all later requests, compared with those of the release
 * before it. There is no random choice any more, so a rise is only harm when it exceeds `limit`.
 */
export class FollowUp {
  readonly #limit: number
  readonly #dispersion = new Dispersion()
  #windows: { began: number; after: Rate }[] = []
  #second = -1
  #seconds = 0
  readonly total: Rate = { requests: 0, errors: 0 }

  constructor(limit: number) {
    this.#limit = limit
  }

  add(at: number, { requests, errors }: Rate): void {
    let window = this.#windows.at(-1)
    if (!window || at - window.began >= windowMs) {
      window = { began: at, after: { requests: 0, errors: 0 } }
      this.#windows.push(window)
    }
    for (const sum of [window.after, this.total]) {
      sum.requests += requests
      sum.errors += errors
    }
    const second = Math.floor(at / 1000)
    this.#dispersion.add(second, errors, errors)
    if (errors > 0 && second !== this.#second) {
      this.#second = second
      this.#seconds += 1
    }
  }

  /**
   * ln of the e-value of all windows; the nth window has the weight 1/(n(n + 1)). `before` are the
   * counts of the release before.
   */
  evidence(before: Rate): number {
    if (this.#seconds < leastSeconds) return 0
    const discount = this.#dispersion.factor()
    const all = this.#windows.map(({ after }) => {
      const ln = laterEvidence(before, after, this.#limit)
      return ln > 0 ? ln / discount : ln
    })
    const parts = all.map((_, i) => 1 / ((i + 1) * (i + 2)))
    const rest = 1 - parts.reduce((sum, part) => sum + part, 0)
    return logMeanExp([...all, 0], [...parts, rest])
  }
}
