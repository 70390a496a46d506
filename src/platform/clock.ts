import { setTimeout } from 'node:timers/promises'

/**
 * Time as an argument, in milliseconds. `now` is wall-clock time. `monotonic` never decreases and,
 * where the system supports it, includes time that the machine was suspended.
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
