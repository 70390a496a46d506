import type { CheckResult } from '#contract/monitor/check.ts'
import type { Finding } from './monitor-kind.ts'

/** Something that is checked again and again. Durations are in milliseconds. */
export interface Check {
  id: number
  every: number
  timeout: number
  /** equal results in a row after which the next check waits for its interval */
  confirm: number
  /** checked at once when this one fails */
  needs: number[]
}

export interface ChecksOptions<C extends Check> {
  check(one: C, signal: AbortSignal): Promise<Finding>
  /** looks at what a check found, also at one that took too long */
  review?(finding: Finding, one: C): Promise<Finding>
  /** milliseconds since 1970 */
  now(): number
  random(): number
  /** checks at the same time */
  parallel: number
}

interface Entry<C> {
  check: C
  /** as JSON, to find changes */
  text: string
  due: number
  isRunning: boolean
  result: CheckResult | null
}

/** Milliseconds until the next check while a change is not confirmed. */
const retryMs = 1000
/** Results while nothing can be reached. */
const blindRetryMs = 5000
const mostEntities = 100

/**
 * Runs checks at their intervals, each at a moment of its own. A result that differs from the one
 * before is confirmed quickly.
 */
export class Checks<C extends Check> {
  readonly #options: ChecksOptions<C>
  readonly #entries = new Map<number, Entry<C>>()
  #number = 0
  #running = 0

  constructor(options: ChecksOptions<C>) {
    this.#options = options
  }

  /** Number of the last result. */
  get last(): number {
    return this.#number
  }

  /** Replaces the set. A check that did not change goes on with what it knows. */
  set(checks: C[]): void {
    const { now, random } = this.#options
    const kept = new Set(checks.map(({ id }) => id))
    for (const id of this.#entries.keys()) if (!kept.has(id)) this.#entries.delete(id)
    // Many new ones are spread, so that they do not begin together.
    const spread = Math.max(1000, checks.length * 2)
    for (const check of checks) {
      const text = JSON.stringify(check)
      if (this.#entries.get(check.id)?.text === text) continue
      const due = now() + random() * Math.min(check.every, spread)
      this.#entries.set(check.id, { check, text, due, isRunning: false, result: null })
    }
  }

  /** Checks some at once, for example because the traffic went to another release. */
  hurry(isMeant: (check: C) => boolean): void {
    const now = this.#options.now()
    for (const entry of this.#entries.values())
      if (isMeant(entry.check)) entry.due = Math.min(entry.due, now)
  }

  /** Starts what is due; call it several times a second. */
  tick(): void {
    const now = this.#options.now()
    for (const entry of this.#entries.values()) {
      if (this.#running >= this.#options.parallel) return
      if (!entry.isRunning && entry.due <= now) void this.#run(entry)
    }
  }

  /** The newest result of each check that had one since a number. */
  after(number: number): CheckResult[] {
    return [...this.#entries.values()].flatMap(({ result }) =>
      result !== null && result.number > number ? [result] : [],
    )
  }

  async #run(entry: Entry<C>): Promise<void> {
    const { now, random } = this.#options
    const { check } = entry
    entry.isRunning = true
    this.#running += 1
    const began = performance.now()
    const found = await this.#find(check)
    const finding = (await this.#options.review?.(found, check)) ?? found
    this.#running -= 1
    entry.isRunning = false
    const took = performance.now() - began
    const at = now()
    const before = entry.result
    entry.result = resultOf(check.id, (this.#number += 1), { finding, before, at, took })
    entry.due = at + pauseAfter(check, entry.result) * (0.95 + random() * 0.1)
    if (finding.state !== 'up' && check.needs.length > 0 && entry.result.streak < check.confirm)
      this.hurry(({ id }) => check.needs.includes(id))
  }

  async #find(check: C): Promise<Finding> {
    const timer = new AbortController()
    const late = Promise.withResolvers<Finding>()
    const timeout = setTimeout(() => {
      late.resolve({
        state: 'down',
        reason: `it did not answer within ${check.timeout / 1000} s`,
        isCutOff: true,
      })
      timer.abort()
    }, check.timeout)
    try {
      return await Promise.race([this.#options.check(check, timer.signal), late.promise])
    } catch (error) {
      return { state: 'unknown', reason: `the check failed: ${(error as Error).message}` }
    } finally {
      clearTimeout(timeout)
    }
  }
}

/** The database cannot store U+0000, and a reason is one line. */
const control = /\p{Cc}+/gu

type Goodness = 'good' | 'bad' | 'unknown'
const goodnessOf = ({ state }: Pick<Finding, 'state'>): Goodness =>
  state === 'up' ? 'good' : state === 'unknown' ? 'unknown' : 'bad'

/** The result of a check, with the streak that it continues or begins. Pure. */
export function resultOf(
  id: number,
  number: number,
  {
    finding,
    before,
    at,
    took,
  }: { finding: Finding; before: CheckResult | null; at: number; took: number },
): CheckResult {
  const goesOn = before !== null && goodnessOf(before) === goodnessOf(finding)
  return {
    ...{ id, number, at, state: finding.state, reason: finding.reason.replace(control, ' ') },
    entities: (finding.entities ?? []).slice(0, mostEntities),
    streak: goesOn ? before.streak + 1 : 1,
    since: goesOn ? before.since : at,
    before: goesOn ? before.before : (before?.at ?? null),
    took: Math.round(took * 10) / 10,
  }
}

/** Milliseconds until the next check. Pure. */
export function pauseAfter(
  { every, confirm }: Pick<Check, 'every' | 'confirm'>,
  { streak, state }: Pick<CheckResult, 'streak' | 'state'>,
): number {
  if (state === 'unknown') return Math.min(every, blindRetryMs)
  return streak < confirm ? Math.min(every, retryMs) : every
}
