import { bucketOf, type ArmCounts, type Batch } from '#contract/verdict/verdict.ts'
import { placeOf } from './session.ts'

/** Milliseconds that a batch collects requests: the time resolution of the judgement. */
const batchMs = 100
/**
 * Milliseconds after which an open request counts as `open`, so that a stream of hours does not
 * delay all others.
 */
const openTimeoutMs = 10_000
/**
 * Limit of remembered sessions, about 100 bytes each. Later sessions are assigned but not counted.
 */
const maxSessions = 200_000

export type Arm = 'baseline' | 'canary'

/** The record of one request. `uncompared` marks requests of a release that is not compared. */
export interface Counted {
  readonly arm: Arm | 'uncompared'
  /** Records the outcome; later calls have no effect. */
  end(outcome: string, isError: boolean, bytes: number, now: number): void
  /** Removes the request from the count, because it reached no instance. */
  discard(): void
}

/** What is counted for the environment of a canary. */
export interface CountRule {
  share: number
  /** The baseline gets an equal share, and the remaining requests are not compared. */
  isFresh: boolean
  /** Routes that are counted separately: the start of the path by name. */
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
  /** The probability with which a compared request was assigned to the canary. */
  readonly share: number
  readonly ofAll: number | undefined
  readonly arms: Record<Arm, Counts>
  readonly open: Set<Counted>
  /** Sessions that were seen for the first time. */
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

/** One request, counted once, for the release that it was assigned to. */
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

  discard(): void {
    this.#batch.open.delete(this)
  }
}

interface SeenSession {
  arm: Arm | 'uncompared'
  share: number
  /** True as well when it must not be counted any more. */
  hasFailed: boolean
}

const ignored = (arm: Counted['arm']): Counted => ({
  arm,
  end: () => undefined,
  discard: () => undefined,
})

/**
 * Counts requests by the release that they were assigned to, in batches with a constant share. A
 * batch is emitted when the outcomes of all its requests, and of all earlier ones, are known: in
 * order of assignment, never of completion. When sessions are assigned instead of requests, a
 * session counts once: with its first request, and as failed with its first error, as long as it
 * stays with its first release.
 */
export class Count {
  readonly #emit: (batch: Batch, sessions: number[]) => boolean
  readonly #queue: OpenBatch[] = []
  readonly #sessions = new Map<number, SeenSession>()
  #rule: CountRule = { share: 0, isFresh: false, routes: {} }
  #current: OpenBatch | null = null

  /**
   * `emit` stores a batch and returns false when it cannot; the batch is then offered again.
   * `sessions` were counted before.
   */
  constructor(
    emit: (batch: Batch, sessions: number[]) => boolean,
    sessions: Iterable<number> = [],
  ) {
    this.#emit = emit
    for (const session of sessions)
      this.#sessions.set(session, { arm: 'uncompared', share: 0, hasFailed: true })
  }

  set rule(rule: CountRule) {
    if (rule.share !== this.#rule.share || rule.isFresh !== this.#rule.isFresh) this.#current = null
    this.#rule = rule
  }

  /**
   * Assigns a request. `random` is from 0 to 1; `now` is from a steady clock and `time` since the
   * epoch, in milliseconds.
   */
  begin(random: number, now: number, time: number, path = '/'): Counted {
    const arm = this.#armFor(random)
    if (arm === 'uncompared') return ignored(arm)
    return new Assigned(arm, this.#batch(now, time), now, this.#routesOf(path), null)
  }

  /** Assigns a request of a session. */
  beginSession(session: number, now: number, time: number): Counted {
    const arm = this.#armFor(placeOf(session))
    const seen = this.#sessions.get(session)
    if (seen) {
      if (seen.hasFailed || seen.arm !== arm || arm === 'uncompared') return ignored(arm)
      return {
        arm,
        end: (outcome, isError, _bytes, at) =>
          isError && this.#failed(seen, arm, outcome, at, time),
        discard: () => undefined,
      }
    }
    if (this.#sessions.size >= maxSessions) return ignored(arm)
    const batch = this.#batch(now, time)
    const begun: SeenSession = { arm, share: batch.share, hasFailed: false }
    this.#sessions.set(session, begun)
    batch.sessions.push(session)
    return arm === 'uncompared' ? ignored(arm) : new Assigned(arm, batch, now, [], begun)
  }

  #failed(seen: SeenSession, arm: Arm, outcome: string, now: number, time: number): void {
    if (seen.hasFailed) return
    seen.hasFailed = true
    const late = newBatch(time, now - batchMs, seen.share)
    late.arms[arm].fail(outcome, true)
    this.#queue.push(late)
  }

  #armFor(place: number): Arm | 'uncompared' {
    const { share, isFresh } = this.#rule
    if (place < share) return 'canary'
    return !isFresh || place < 2 * share ? 'baseline' : 'uncompared'
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

  /** Emits complete batches. Called often; returns true when nothing is left. */
  settle(now: number): boolean {
    for (;;) {
      const batch = this.#queue[0]
      if (!batch) return true
      if (now - batch.began < batchMs && batch === this.#current) return false
      const isLate = now - batch.began > openTimeoutMs + batchMs
      if (batch.open.size > 0 && !isLate) return false
      for (const counted of [...batch.open]) counted.end('open', false, 0, now)
      const { at, share, ofAll, arms, sessions } = batch
      const counts = {
        at,
        share,
        ...(ofAll !== undefined && { ofAll }),
        baseline: plain(arms.baseline),
        canary: plain(arms.canary),
      }
      if (!this.#emit(counts, sessions)) return false
      this.#queue.shift()
    }
  }
}

/** Returns whether a path equals the start or is below it. */
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
