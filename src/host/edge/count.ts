import { bucketOf, type ArmCounts, type Batch } from '#contract/verdict/verdict.ts'
import { placeOf } from './session.ts'

/** A batch takes requests for so long, in milliseconds: how fine the judgement's time is. */
const batchMs = 100
/**
 * A request that is still open after this long, in milliseconds, counts as `open`: one that streams
 * for hours must not hold all others back.
 */
const patienceMs = 10_000
/**
 * Sessions that are remembered, some 100 bytes each; who comes after them is assigned like the
 * others, and not counted.
 */
const sessionsAtMost = 200_000

export type Arm = 'baseline' | 'canary'

/** A request's part in the count. `beside` is what a release serves that is not compared. */
export interface Counted {
  readonly arm: Arm | 'beside'
  /** Its outcome is known; what is said later does not count. */
  end(outcome: string, isError: boolean, bytes: number, now: number): void
}

/** What is counted of a canary's environment. */
export interface CountRule {
  share: number
  /** the baseline gets as large a share, and the rest is not compared */
  isFresh: boolean
  /** routes that are counted by themselves: by name, the path at which they begin */
  routes: Record<string, string>
}

class Counts implements ArmCounts {
  requests = 0
  errors = 0
  outcomes: Record<string, number> = {}
  bytes = 0
  routes: Record<string, [number, number]> | undefined
  readonly #latency = new Map<number, number>()

  add(outcome: string, isError: boolean, ms: number, bytes: number, routes: string[]): void {
    this.requests += 1
    this.bytes += bytes
    const bucket = bucketOf(ms)
    this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + 1)
    this.fail(outcome, isError)
    for (const name of routes) {
      const sums = ((this.routes ??= {})[name] ??= [0, 0])
      sums[0] += 1
      if (isError) sums[1] += 1
    }
  }

  fail(outcome: string, isError: boolean): void {
    if (isError) this.errors += 1
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1
  }

  get latency(): [number, number][] {
    return [...this.#latency].toSorted(([a], [b]) => a - b)
  }
}

interface OpenBatch {
  readonly at: number
  readonly began: number
  /** the probability with which a request that is compared was given to the canary */
  readonly share: number
  readonly ofAll: number | undefined
  readonly arms: Record<Arm, Counts>
  readonly open: Set<Counted>
  /** that were seen for the first time */
  readonly sessions: number[]
}

const newBatch = (at: number, began: number, share: number, ofAll?: number): OpenBatch => ({
  at,
  began,
  share,
  ofAll,
  arms: { baseline: new Counts(), canary: new Counts() },
  open: new Set(),
  sessions: [],
})

/** One request of a canary's time, counted once, for the release that it was assigned to. */
class Assigned implements Counted {
  readonly arm: Arm
  readonly #began: number
  readonly #batch: OpenBatch
  readonly #routes: string[]
  readonly #session: SeenSession | null

  constructor(
    arm: Arm,
    batch: OpenBatch,
    began: number,
    routes: string[],
    session: SeenSession | null,
  ) {
    this.arm = arm
    this.#batch = batch
    this.#began = began
    this.#routes = routes
    this.#session = session
    batch.open.add(this)
  }

  end(outcome: string, isError: boolean, bytes: number, now: number): void {
    if (!this.#batch.open.delete(this)) return
    this.#batch.arms[this.arm].add(outcome, isError, now - this.#began, bytes, this.#routes)
    if (this.#session && isError) this.#session.hasFailed = true
  }
}

interface SeenSession {
  arm: Arm | 'beside'
  share: number
  /** or is not to be counted any more */
  hasFailed: boolean
}

const ignored = (arm: Counted['arm']): Counted => ({ arm, end: () => undefined })

/**
 * Counts requests by the release that they were assigned to, in batches of one share. A batch is
 * given on when the outcomes of all its requests, and of all before it, are known: in the order of
 * assignment, never of completion.
 *
 * Where sessions are assigned instead of requests, a session is counted once: with its first
 * request, and as failed with its first error, whenever that comes, as long as it is where it was
 * first.
 */
export class Count {
  readonly #give: (batch: Batch, sessions: number[]) => boolean
  readonly #queue: OpenBatch[] = []
  readonly #sessions = new Map<number, SeenSession>()
  #rule: CountRule = { share: 0, isFresh: false, routes: {} }
  #current: OpenBatch | null = null

  /**
   * `give` keeps a batch; false when it cannot now, and it is offered again. `sessions` were
   * counted before.
   */
  constructor(
    give: (batch: Batch, sessions: number[]) => boolean,
    sessions: Iterable<number> = [],
  ) {
    this.#give = give
    for (const session of sessions)
      this.#sessions.set(session, { arm: 'beside', share: 0, hasFailed: true })
  }

  set rule(rule: CountRule) {
    if (rule.share !== this.#rule.share || rule.isFresh !== this.#rule.isFresh) this.#current = null
    this.#rule = rule
  }

  /**
   * Assigns a request. `random` is from 0 to 1; times are milliseconds, of a steady clock and since
   * the epoch.
   */
  begin(random: number, now: number, time: number, path = '/'): Counted {
    const arm = this.#armAt(random)
    if (arm === 'beside') return ignored(arm)
    return new Assigned(arm, this.#batch(now, time), now, this.#routesOf(path), null)
  }

  /** Assigns a request of a session. */
  beginSession(session: number, now: number, time: number): Counted {
    const arm = this.#armAt(placeOf(session))
    const seen = this.#sessions.get(session)
    if (seen) {
      if (seen.hasFailed || seen.arm !== arm || arm === 'beside') return ignored(arm)
      return {
        arm,
        end: (outcome, isError, _bytes, at) =>
          isError && this.#failed(seen, arm, outcome, at, time),
      }
    }
    if (this.#sessions.size >= sessionsAtMost) return ignored(arm)
    const batch = this.#batch(now, time)
    const begun: SeenSession = { arm, share: batch.share, hasFailed: false }
    this.#sessions.set(session, begun)
    batch.sessions.push(session)
    return arm === 'beside' ? ignored(arm) : new Assigned(arm, batch, now, [], begun)
  }

  #failed(seen: SeenSession, arm: Arm, outcome: string, now: number, time: number): void {
    if (seen.hasFailed) return
    seen.hasFailed = true
    const late = newBatch(time, now - batchMs, seen.share)
    late.arms[arm].fail(outcome, true)
    this.#queue.push(late)
  }

  #armAt(place: number): Arm | 'beside' {
    const { share, isFresh } = this.#rule
    if (place < share) return 'canary'
    return !isFresh || place < 2 * share ? 'baseline' : 'beside'
  }

  #batch(now: number, time: number): OpenBatch {
    const { share, isFresh } = this.#rule
    if (!this.#current || now - this.#current.began >= batchMs) {
      const chance = isFresh && share > 0 ? share / Math.min(1, 2 * share) : share
      this.#queue.push((this.#current = newBatch(time, now, chance, isFresh ? share : undefined)))
    }
    return this.#current
  }

  #routesOf(path: string): string[] {
    return Object.entries(this.#rule.routes).flatMap(([name, start]) =>
      isWithin(path, start) ? [name] : [],
    )
  }

  /** Gives on what is known by now. Called often; true when nothing is left. */
  settle(now: number): boolean {
    for (;;) {
      const batch = this.#queue[0]
      if (!batch) return true
      if (now - batch.began < batchMs && batch === this.#current) return false
      const isLate = now - batch.began > patienceMs + batchMs
      if (batch.open.size > 0 && !isLate) return false
      for (const counted of [...batch.open]) counted.end('open', false, 0, now)
      const { at, share, ofAll, arms, sessions } = batch
      const known = {
        at,
        share,
        ...(ofAll !== undefined && { ofAll }),
        baseline: plain(arms.baseline),
        canary: plain(arms.canary),
      }
      if (!this.#give(known, sessions)) return false
      this.#queue.shift()
    }
  }
}

/** The path itself, and what is below it. */
function isWithin(path: string, start: string): boolean {
  const bare = start.endsWith('/') ? start.slice(0, -1) : start
  return path.startsWith(bare) && ['', '/', '?'].includes(path.charAt(bare.length))
}

const plain = ({ requests, errors, outcomes, bytes, latency, routes }: Counts): ArmCounts => ({
  requests,
  errors,
  outcomes,
  bytes,
  latency,
  ...(routes && { routes }),
})
