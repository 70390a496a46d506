const dayHours = 24
const keptDays = 28
/** The hours that an alarm can still remove. */
const recentHours = 12

/** The sums of the last 28 days as plain data. */
export interface KeptSumsState {
  hour: Float64Array
  hourStart: number
  hours: { start: number; sums: Float64Array }[]
  days: Float64Array[]
  merging: { hours: number; sums: Float64Array }
  hoursLearnt: number
}

/**
 * The last 28 days in sums. They are kept per hour for half a day, so that an incident can be
 * removed, and per day after that.
 */
export class KeptSums {
  readonly #size: number
  #state: KeptSumsState
  totals: Float64Array

  constructor(size: number, state?: KeptSumsState) {
    this.#size = size
    this.#state = state ?? {
      ...{ hour: this.#empty(), hourStart: 0, hours: [], days: [], hoursLearnt: 0 },
      merging: { hours: 0, sums: this.#empty() },
    }
    this.totals = this.#empty()
    if (state) this.#sumAgain()
  }

  #empty(): Float64Array {
    return new Float64Array(this.#size)
  }

  add(index: number, value: number): void {
    this.#state.hour[index]! += value
    this.totals[index]! += value
  }

  /** Ends the hour; `now` is in seconds. */
  endHour(now: number): void {
    const state = this.#state
    state.hoursLearnt += 1
    state.hours.push({ start: state.hourStart, sums: state.hour })
    state.hour = this.#empty()
    state.hourStart = now
    if (state.hours.length > recentHours) this.#merge(state.hours.shift()!.sums)
  }

  #merge(hour: Float64Array): void {
    const { merging, days } = this.#state
    addTo(merging.sums, hour)
    merging.hours += 1
    if (merging.hours < dayHours) return
    days.push(merging.sums)
    this.#state.merging = { hours: 0, sums: this.#empty() }
    if (days.length > keptDays) days.shift()
    this.#sumAgain()
  }

  #sumAgain(): void {
    this.totals = this.#empty()
    const { days, hours, merging, hour } = this.#state
    for (const one of days) addTo(this.totals, one)
    for (const one of hours) addTo(this.totals, one.sums)
    addTo(this.totals, merging.sums)
    addTo(this.totals, hour)
  }

  /** Forgets the hours since a time, in seconds, so that nothing is learnt from an incident. */
  forgetSince(time: number): void {
    this.#state.hour = this.#empty()
    for (const one of this.#state.hours) if (one.start + 3600 > time) one.sums.fill(0)
    this.#sumAgain()
  }

  /** Hours that are part of the totals, at most those of the kept days. */
  get hours(): number {
    return Math.min(this.#state.hoursLearnt, keptDays * dayHours + recentHours)
  }

  /** Whether a whole day was learnt. */
  get hasDay(): boolean {
    return this.#state.hoursLearnt >= dayHours
  }

  save(): KeptSumsState {
    return this.#state
  }
}

function addTo(sum: Float64Array, one: Float64Array): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += one[i]!
}
