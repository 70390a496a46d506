/** A window of the scan: its length, and the length of the buckets that it moves by, in seconds. */
export interface Scale {
  seconds: number
  bucket: number
}

/**
 * The windows that the scan looks at. Short ones find large changes within seconds; long ones find
 * small changes.
 */
export const scales: Scale[] = [
  { seconds: 2, bucket: 1 },
  { seconds: 5, bucket: 1 },
  { seconds: 15, bucket: 1 },
  { seconds: 60, bucket: 2 },
  { seconds: 240, bucket: 8 },
  { seconds: 900, bucket: 30 },
  { seconds: 3600, bucket: 120 },
  { seconds: 14400, bucket: 480 },
]

/** How many windows before the current one form the local baseline. */
const before = 10

/** A window as plain data. */
export interface WindowsState {
  trials: Float64Array
  events: Float64Array
  /** next, closed, openSeconds, openTrials, openEvents, newest, and the four sums */
  numbers: number[]
}

/** The newest window of a scale, and the sum of the ten windows before it, in constant memory. */
export class Windows {
  readonly scale: Scale
  readonly #width: number
  readonly #trials: Float64Array
  readonly #events: Float64Array
  #next = 0
  #closed = 0
  #openSeconds = 0
  #openTrials = 0
  #openEvents = 0
  /** trials in the newest bucket */
  newest = 0
  trials = 0
  events = 0
  trialsBefore = 0
  eventsBefore = 0

  constructor(scale: Scale, state?: WindowsState) {
    this.scale = scale
    this.#width = scale.seconds / scale.bucket
    this.#trials = state?.trials ?? new Float64Array(this.#width * (before + 1))
    this.#events = state?.events ?? new Float64Array(this.#width * (before + 1))
    if (!state) return
    const [next = 0, closed = 0, openSeconds = 0, openTrials = 0, openEvents = 0] = state.numbers
    this.#next = next
    this.#closed = closed
    this.#openSeconds = openSeconds
    this.#openTrials = openTrials
    this.#openEvents = openEvents
    const [newest = 0, trials = 0, events = 0, trialsBefore = 0, eventsBefore = 0] =
      state.numbers.slice(5)
    Object.assign(this, { newest, trials, events, trialsBefore, eventsBefore })
  }

  save(): WindowsState {
    return {
      trials: this.#trials,
      events: this.#events,
      numbers: [
        ...[this.#next, this.#closed, this.#openSeconds, this.#openTrials, this.#openEvents],
        ...[this.newest, this.trials, this.events, this.trialsBefore, this.eventsBefore],
      ],
    }
  }

  /** Adds a second; returns whether the window has moved. */
  add(trials: number, events: number): boolean {
    this.#openTrials += trials
    this.#openEvents += events
    this.#openSeconds += 1
    if (this.#openSeconds < this.scale.bucket) return false
    this.#close()
    return true
  }

  #close(): void {
    const size = this.#trials.length
    const leaving = (this.#next - this.#width + size) % size
    this.trials += this.#openTrials - this.#trials[leaving]!
    this.events += this.#openEvents - this.#events[leaving]!
    this.trialsBefore += this.#trials[leaving]! - this.#trials[this.#next]!
    this.eventsBefore += this.#events[leaving]! - this.#events[this.#next]!
    this.newest = this.#openTrials
    this.#trials[this.#next] = this.#openTrials
    this.#events[this.#next] = this.#openEvents
    this.#next = (this.#next + 1) % size
    this.#closed += 1
    this.#openSeconds = 0
    this.#openTrials = 0
    this.#openEvents = 0
  }

  /** Forgets everything, so that an incident is in no window and no baseline. */
  clear(): void {
    this.#trials.fill(0)
    this.#events.fill(0)
    this.#next = 0
    this.#closed = 0
    this.#openSeconds = 0
    this.#openTrials = 0
    this.#openEvents = 0
    this.trials = 0
    this.events = 0
    this.trialsBefore = 0
    this.eventsBefore = 0
  }

  /** Whether the window is full and begins where the former full window ended. */
  get isWhole(): boolean {
    return this.#closed > 0 && this.#closed % this.#width === 0
  }

  /** Whether there is a complete window before the current one. */
  get hasBefore(): boolean {
    return this.#closed >= 2 * this.#width
  }

  /** The buckets, newest first: their length in seconds, trials and events. */
  *buckets(): Generator<{ seconds: number; trials: number; events: number }> {
    yield { seconds: this.#openSeconds, trials: this.#openTrials, events: this.#openEvents }
    const size = this.#trials.length
    for (let i = 1; i <= Math.min(size, this.#closed); i += 1) {
      const at = (this.#next - i + size) % size
      yield { seconds: this.scale.bucket, trials: this.#trials[at]!, events: this.#events[at]! }
    }
  }
}
