import { z } from 'zod'
import type { Piece } from './output-frames.ts'

/** How far the output of a container is in its log. */
export const savedPosition = z.object({
  /** nanoseconds since 1970, from which the Engine is asked again */
  since: z.string(),
  /** pieces from `since` on that are in the log */
  taken: z.number().int(),
  /** bytes of the log that hold them */
  size: z.number().int(),
})
export type SavedPosition = z.infer<typeof savedPosition>

/** Nanoseconds after which no older piece comes. */
const settled = 1_000_000_000n

/**
 * Knows which pieces are in the log. The Engine is asked again from a time, which may name several
 * pieces, and pieces of stdout and stderr may be out of order for an instant. So the time is an
 * older one, and the pieces since then are counted.
 */
export class OutputPosition {
  #since: bigint
  /** Pieces from `since` on that are in the log. */
  #taken: number
  /** What the Engine sends again: pieces, and then bytes. */
  #skip: { pieces: number; bytes: number }
  /** The time that `since` becomes at the next mark. */
  #next: { since: bigint; taken: number } | null = null
  #newest = 0n

  /** `written`: bytes that the log has beyond the saved position. */
  constructor(saved: Pick<SavedPosition, 'since' | 'taken'> | null, written: number) {
    this.#since = BigInt(saved?.since ?? 0)
    this.#taken = saved?.taken ?? 0
    this.#skip = { pieces: this.#taken, bytes: written }
  }

  get since(): bigint {
    return this.#since
  }

  /** Whether the Engine still sends what the log has. */
  get isBehind(): boolean {
    return this.#skip.pieces > 0 || this.#skip.bytes > 0
  }

  /** Returns what the log does not have of a piece; empty when it has all. */
  take({ at, text }: Piece): Buffer {
    if (this.#skip.pieces > 0) {
      this.#skip.pieces -= 1
      return text.subarray(text.length)
    }
    if (at > this.#newest) this.#newest = at
    if (at >= this.#since) this.#taken += 1
    if (this.#next && at >= this.#next.since) this.#next.taken += 1
    const known = Math.min(this.#skip.bytes, text.length)
    this.#skip.bytes -= known
    return text.subarray(known)
  }

  /** Called now and then: moves the time on. */
  mark(): Pick<SavedPosition, 'since' | 'taken'> {
    if (this.#next && this.#newest >= this.#next.since + settled) {
      this.#since = this.#next.since
      this.#taken = this.#next.taken
      this.#next = null
    }
    if (!this.#next && !this.isBehind && this.#newest > 0n)
      this.#next = { since: this.#newest + 1n, taken: 0 }
    return { since: this.#since.toString(), taken: this.#taken }
  }
}
