/** Harm that is over within so many seconds is a burst: nobody can act on it. */
const burstSeconds = 10

export interface LearningState {
  learns: boolean
  isCleanHour: boolean
  /** harm that may be a burst, in seconds of the stream; absent otherwise */
  burst?: Burst | undefined
}

interface Burst {
  at: number
  onset: number
  wasCleanHour: boolean
}

/**
 * When a scan learns: not from an incident, but from a burst how much evidence is normal. A burst
 * that was never learnt would raise an alarm each time.
 */
export class Learning {
  #learns: boolean
  #isCleanHour: boolean
  #burst: Burst | null

  constructor({ learns, isCleanHour, burst }: Partial<LearningState> = {}) {
    this.#learns = learns ?? true
    this.#isCleanHour = isCleanHour ?? true
    this.#burst = burst ?? null
  }

  save(): LearningState {
    const burst = this.#burst ?? undefined
    return { learns: this.#learns, isCleanHour: this.#isCleanHour, burst }
  }

  get learns(): boolean {
    return this.#learns
  }

  /** Whether evidence may turn out to be normal. */
  get notesEvidence(): boolean {
    return this.#learns || this.#burst !== null
  }

  /** Harm was found at `now`, which began at `onset`, in seconds of the stream. */
  stop(now: number, onset: number): void {
    this.#burst = { at: now, onset, wasCleanHour: this.#isCleanHour }
    this.#learns = false
    this.#isCleanHour = false
  }

  /** The onset, once when harm lasts too long for a burst: what was learnt since is forgotten. */
  forgetsSince(now: number): number | null {
    if (this.#burst === null || now - this.#burst.at < burstSeconds) return null
    const { onset } = this.#burst
    this.#burst = null
    return onset
  }

  /** The harm is over; returns whether it was a burst. */
  resume(): boolean {
    const wasBurst = this.#burst !== null
    if (this.#burst) this.#isCleanHour = this.#burst.wasCleanHour
    this.#burst = null
    this.#learns = true
    return wasBurst
  }

  /** Ends an hour; returns whether its evidence is normal. */
  endHour(): boolean {
    const wasClean = this.#isCleanHour
    this.#isCleanHour = this.#learns
    return wasClean
  }
}
