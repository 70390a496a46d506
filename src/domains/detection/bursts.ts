/** Sightings within so many seconds are one. */
const together = 60

export interface BurstsState {
  last: number | null
  before: number | null
}

/** When a stream had its last burst, in seconds of the stream. */
export class Bursts {
  #last: number | null
  #before: number | null

  constructor(state?: BurstsState) {
    this.#last = state?.last ?? null
    this.#before = state?.before ?? null
  }

  save(): BurstsState {
    return { last: this.#last, before: this.#before }
  }

  note(now: number): void {
    if (this.since(now) > together) this.#before = this.#last
    this.#last = now
  }

  /** The last one was the beginning of harm. */
  undo(): void {
    this.#last = this.#before
  }

  since(now: number): number {
    return this.#last === null ? Infinity : now - this.#last
  }
}
