/**
 * Time, as an argument. `now` is wall time; `monotonic` never goes back and counts while the
 * machine sleeps where the system allows. Both in milliseconds.
 */
export interface Clock {
  now(): number
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
