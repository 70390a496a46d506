import { setTimeout } from 'node:timers/promises'

/**
 * Time, as an argument. `now` is wall time; `monotonic` never goes back and counts while the
 * machine sleeps where the system allows. Both in milliseconds.
 */
export interface Clock {
  now(): number
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Waits a number of milliseconds; resolves early when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

export const systemSleep: Sleep = (ms, signal) =>
  setTimeout(ms, undefined, { signal }).catch(() => undefined)
