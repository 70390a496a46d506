import { bucketOf, type ArmCounts, type Batch } from '#contract/verdict.ts'

/** A batch takes requests for so long, in milliseconds: how fine the judgement's time is. */
const batchMs = 100
/** A request that is still open after this long, in milliseconds, counts as `open`: one that streams for hours must not hold all others back. */
const patienceMs = 10_000

export type Arm = 'baseline' | 'canary'

class Counts implements ArmCounts {
  requests = 0
  errors = 0
  outcomes: Record<string, number> = {}
  bytes = 0
  readonly #latency = new Map<number, number>()

  add(outcome: string, isError: boolean, ms: number, bytes: number): void {
    this.requests += 1
    if (isError) this.errors += 1
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1
    this.bytes += bytes
    const bucket = bucketOf(ms)
    this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + 1)
  }

  get latency(): [number, number][] {
    return [...this.#latency].toSorted(([a], [b]) => a - b)
  }
}

interface OpenBatch {
  readonly at: number
  readonly began: number
  readonly share: number
  readonly arms: Record<Arm, Counts>
  readonly open: Set<Counted>
}

/** One request of a canary's time, counted once, for the release that it was assigned to. */
export class Counted {
  readonly arm: Arm
  readonly #began: number
  readonly #batch: OpenBatch

  constructor(arm: Arm, batch: OpenBatch, began: number) {
    this.arm = arm
    this.#batch = batch
    this.#began = began
    batch.open.add(this)
  }

  /** Its outcome is known; what is said later does not count. */
  end(outcome: string, isError: boolean, bytes: number, now: number): void {
    if (this.#batch.open.delete(this)) this.#batch.arms[this.arm].add(outcome, isError, now - this.#began, bytes)
  }
}

/**
 * Counts requests by the release that they were assigned to, in batches of one share. A batch is given on when the
 * outcomes of all its requests, and of all before it, are known: in the order of assignment, never of completion.
 */
export class Count {
  readonly #give: (batch: Batch) => boolean
  readonly #queue: OpenBatch[] = []
  #share = 0
  #current: OpenBatch | null = null

  /** `give` keeps a batch; false when it cannot now, and it is offered again. */
  constructor(give: (batch: Batch) => boolean) {
    this.#give = give
  }

  set share(share: number) {
    if (share !== this.#share) this.#current = null
    this.#share = share
  }

  /** Assigns a request. `random` is from 0 to 1; times are milliseconds, of a steady clock and since the epoch. */
  begin(random: number, now: number, time: number): Counted {
    let batch = this.#current
    if (!batch || now - batch.began >= batchMs) {
      batch = {
        at: time,
        began: now,
        share: this.#share,
        arms: { baseline: new Counts(), canary: new Counts() },
        open: new Set(),
      }
      this.#queue.push((this.#current = batch))
    }
    return new Counted(random < this.#share ? 'canary' : 'baseline', batch, now)
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
      const { at, share, arms } = batch
      if (!this.#give({ at, share, baseline: plain(arms.baseline), canary: plain(arms.canary) })) return false
      this.#queue.shift()
    }
  }
}

const plain = ({ requests, errors, outcomes, bytes, latency }: Counts): ArmCounts => ({
  requests,
  errors,
  outcomes,
  bytes,
  latency,
})
