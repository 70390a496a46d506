/** A limit for each app: so many events a second, after a burst. */
export const rateLimits = { aSecond: 60, burst: 600 }

interface Bucket {
  left: number
  at: number
}

/** Counts events against the limit of their app. `now` is in milliseconds. */
export class EventRate {
  readonly #buckets = new Map<string, Bucket>()

  /** Returns the seconds to wait; 0 when the event may come. */
  take(app: string, now: number): number {
    const bucket = this.#buckets.get(app) ?? { left: rateLimits.burst, at: now }
    const gained = ((now - bucket.at) / 1000) * rateLimits.aSecond
    bucket.left = Math.min(rateLimits.burst, bucket.left + Math.max(0, gained))
    bucket.at = now
    this.#buckets.set(app, bucket)
    if (bucket.left < 1) return Math.ceil(rateLimits.burst / rateLimits.aSecond / 2)
    bucket.left -= 1
    return 0
  }
}
