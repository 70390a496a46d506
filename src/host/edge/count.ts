import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { Arm as ArmSums } from './arm.ts'
import { FrequentParts, routeOf } from './frequent-parts.ts'
import { isWithin } from './paths.ts'
import { placeOf } from './session.ts'

/** Milliseconds that a batch collects requests: the time resolution of the judgement. */
const batchMs = 100
/**
 * Milliseconds after which an open request counts as `open`, so that a stream of hours does not
 * delay all others.
 */
const openTimeoutMs = 10_000
/** Milliseconds for which a request that counted as `open` is followed to its end. */
const lateTimeoutMs = 60_000
/** Milliseconds after which an incomplete batch is shown as pending. */
const pendingAfterMs = 1000
/**
 * Limit of remembered sessions, about 100 bytes each. Later sessions are assigned but not counted.
 */
const maxSessions = 200_000

export type Arm = 'baseline' | 'canary'

/** The record of one request. `uncompared` marks requests of a release that is not compared. */
export interface Counted {
  readonly arm: Arm | 'uncompared'
  /** The process that has the request. */
  instance: string | null
  /**
   * Records the outcome; later calls have no effect. `size` is the bytes of the body; null when
   * unknown.
   */
  end(outcome: string, isError: boolean, bytes: number, now: number, size?: number | null): void
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
  /** Milliseconds that a batch collects requests; default: 100. */
  batchMs?: number
}

interface OpenBatch {
  readonly at: number
  readonly began: number
  /** The probability with which a compared request was assigned to the canary. */
  readonly share: number
  readonly ofAll: number | undefined
  readonly arms: Record<Arm, ArmSums>
  readonly open: Set<Assigned>
  /** Sessions that were seen for the first time. */
  readonly sessions: number[]
}

const newBatch = (at: number, began: number, share: number, ofAll?: number): OpenBatch => ({
  at,
  began,
  share,
  ofAll,
  arms: { baseline: new ArmSums(), canary: new ArmSums() },
  open: new Set(),
  sessions: [],
})

/** Sessions are compared as a whole. */
const none = { routes: [], tenant: null }

/** One request, counted once, for the release that it was assigned to. */
class Assigned implements Counted {
  readonly arm: Arm
  instance: string | null = null
  /** Receives the outcome of a request that counted as `open` before; null once it is known. */
  #late: ((outcome: string) => void) | null = null
  readonly began: number
  readonly #batch: OpenBatch
  readonly #parts: { routes: string[]; tenant: string | null }
  readonly #session: SeenSession | null

  constructor(
    arm: Arm,
    batch: OpenBatch,
    began: number,
    parts: { routes: string[]; tenant: string | null },
    session: SeenSession | null,
  ) {
    this.arm = arm
    this.#batch = batch
    this.began = began
    this.#parts = parts
    this.#session = session
    batch.open.add(this)
  }

  end(
    outcome: string,
    isError: boolean,
    bytes: number,
    now: number,
    size: number | null = null,
  ): void {
    this.#late?.(outcome)
    this.#late = null
    if (!this.#batch.open.delete(this)) return
    this.addTo(this.#batch.arms, { outcome, isError, bytes, size }, now)
    if (this.#session && isError) this.#session.hasFailed = true
  }

  /** Counts the request as `open`, and reports its outcome later. */
  expire(now: number, late: (outcome: string) => void): void {
    this.end('open', false, 0, now)
    this.#late = late
  }

  addTo(
    arms: Record<Arm, ArmSums>,
    known: { outcome: string; isError: boolean; bytes: number; size: number | null },
    now: number,
  ): void {
    const { instance } = this
    arms[this.arm].add({ ...known, ms: now - this.began, instance, ...this.#parts })
  }

  discard(): void {
    this.#batch.open.delete(this)
    this.#late = null
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
  instance: null,
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
  readonly #frequentRoutes = new FrequentParts()
  readonly #frequentTenants = new FrequentParts()
  /** Requests that counted as `open`, oldest first, and the outcomes of those that ended since. */
  readonly #expired = new Set<Assigned>()
  #late: Record<Arm, Record<string, number>> = { baseline: {}, canary: {} }
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
   * epoch, in milliseconds. `tenant` is null without one.
   */
  begin(
    random: number,
    now: number,
    time: number,
    path = '/',
    tenant: string | null = null,
  ): Counted {
    const arm = this.#armFor(random)
    if (arm === 'uncompared') return ignored(arm)
    const isFrequent = tenant !== null && this.#frequentTenants.has(tenant)
    const parts = { routes: this.#routesOf(path), tenant: isFrequent ? tenant : null }
    return new Assigned(arm, this.#batch(now, time), now, parts, null)
  }

  /** Assigns a request of a session. */
  beginSession(session: number, now: number, time: number): Counted {
    const arm = this.#armFor(placeOf(session))
    const seen = this.#sessions.get(session)
    if (seen) {
      if (seen.hasFailed || seen.arm !== arm || arm === 'uncompared') return ignored(arm)
      return {
        arm,
        instance: null,
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
    return arm === 'uncompared' ? ignored(arm) : new Assigned(arm, batch, now, none, begun)
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
    if (!this.#current || now - this.#current.began >= this.#batchMs) {
      const chance = isFresh && share > 0 ? share / Math.min(1, 2 * share) : share
      this.#queue.push((this.#current = newBatch(time, now, chance, isFresh ? share : undefined)))
    }
    return this.#current
  }

  get #batchMs(): number {
    return this.#rule.batchMs ?? batchMs
  }

  #routesOf(path: string): string[] {
    const own = Object.entries(this.#rule.routes).flatMap(([name, start]) =>
      isWithin(path, start) ? [name] : [],
    )
    const route = routeOf(path)
    return this.#frequentRoutes.has(route) ? [...own, route] : own
  }

  /**
   * The requests that are not emitted yet, because an earlier one is in progress: one batch for
   * each share, in which requests in progress count as `open`.
   */
  pending(now: number): Batch[] {
    const [first] = this.#queue
    if (!first || now - first.began < pendingAfterMs) return []
    const sums = new Map<string, OpenBatch>()
    for (const { at, began, share, ofAll, arms, open } of this.#queue) {
      const key = `${share}/${ofAll}`
      let sum = sums.get(key)
      if (!sum) sums.set(key, (sum = newBatch(at, began, share, ofAll)))
      for (const arm of ['baseline', 'canary'] as const) sum.arms[arm].addAll(arms[arm].counts())
      for (const one of open)
        one.addTo(sum.arms, { outcome: 'open', isError: false, bytes: 0, size: null }, now)
    }
    return [...sums.values()].map((sum) => plain(sum))
  }

  #expire(one: Assigned, now: number): void {
    this.#expired.add(one)
    one.expire(now, (outcome) => {
      this.#expired.delete(one)
      this.#late[one.arm][outcome] = (this.#late[one.arm][outcome] ?? 0) + 1
    })
  }

  #giveUpExpired(now: number): void {
    for (const one of this.#expired) {
      if (now - one.began <= lateTimeoutMs) return
      one.end('open', false, 0, now)
    }
  }

  /** Emits complete batches. Called often; returns true when nothing is left. */
  settle(now: number): boolean {
    this.#giveUpExpired(now)
    for (;;) {
      const batch = this.#queue[0]
      if (!batch) return true
      if (now - batch.began < this.#batchMs && batch === this.#current) return false
      const isLate = now - batch.began > openTimeoutMs + this.#batchMs
      if (batch.open.size > 0 && !isLate) return false
      for (const one of [...batch.open]) this.#expire(one, now)
      if (!this.#emit(plain(batch, this.#late), batch.sessions)) return false
      this.#late = { baseline: {}, canary: {} }
      this.#queue.shift()
    }
  }
}

function plain(
  { at, share, ofAll, arms }: OpenBatch,
  late: Record<Arm, ArmCounts['late']> = { baseline: {}, canary: {} },
): Batch {
  const armOf = (arm: Arm): ArmCounts => ({
    ...arms[arm].counts(),
    ...(Object.keys(late[arm] ?? {}).length > 0 && { late: late[arm] }),
  })
  return {
    ...{ at, share, ...(ofAll !== undefined && { ofAll }) },
    ...{ baseline: armOf('baseline'), canary: armOf('canary') },
  }
}
