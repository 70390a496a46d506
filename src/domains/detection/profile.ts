const slots = 96
const slotSeconds = 86_400 / slots
/** A day weighs at least this much, so that the profile follows the last weeks. */
const leastWeight = 1 / 14
/** Whole days before the profile is used. */
const leastDays = 3

export interface ProfileState {
  means: Float64Array
  days: Float64Array
  open: { slot: number; count: number; seconds: number }
}

/** The usual load of each quarter of an hour of the day, from the days before. */
export class Profile {
  readonly #state: ProfileState

  constructor(state?: ProfileState) {
    this.#state = state ?? {
      means: new Float64Array(slots),
      days: new Float64Array(slots),
      open: { slot: -1, count: 0, seconds: 0 },
    }
  }

  save(): ProfileState {
    return this.#state
  }

  /** Adds the count of the second at `time`, in seconds since 1970. */
  add(time: number, count: number): void {
    const { open } = this.#state
    const slot = slotOf(time)
    if (slot !== open.slot) this.#close(slot)
    open.count += count
    open.seconds += 1
  }

  #close(next: number): void {
    const { means, days, open } = this.#state
    // A slot that was measured only in part says little about its load.
    if (open.slot >= 0 && open.seconds >= slotSeconds / 2) {
      const weight = Math.max(leastWeight, 1 / (days[open.slot]! + 1))
      means[open.slot]! += weight * (open.count / open.seconds - means[open.slot]!)
      days[open.slot]! += 1
    }
    Object.assign(open, { slot: next, count: 0, seconds: 0 })
  }

  /** Forgets the open slot, which an incident touched. */
  forgetOpen(): void {
    Object.assign(this.#state.open, { slot: -1, count: 0, seconds: 0 })
  }

  /** Expected counts a second at a time, between the middles of slots; null while it is unknown. */
  at(time: number): number | null {
    const { means, days } = this.#state
    const position = (time % 86_400) / slotSeconds - 0.5
    const first = (Math.floor(position) + slots) % slots
    const second = (first + 1) % slots
    if (days[first]! < leastDays || days[second]! < leastDays) return null
    const share = position - Math.floor(position)
    return means[first]! * (1 - share) + means[second]! * share
  }
}

const slotOf = (time: number): number => Math.floor((time % 86_400) / slotSeconds)
