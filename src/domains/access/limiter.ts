export interface Limiter {
  /** how long who comes from there must wait; 0 when not at all */
  waitSeconds(address: string): number
  miss(address: string): void
}

/**
 * A token bucket of failed tries per address: `tries` at once, refilled over `perMs`. Memory is
 * bounded.
 */
export function createLimiter(options: { now(): number; tries: number; perMs: number }): Limiter {
  const buckets = new Map<string, { left: number; at: number }>()
  const refill = (address: string): { left: number; at: number } => {
    const now = options.now()
    const bucket = buckets.get(address) ?? { left: options.tries, at: now }
    const left = Math.min(
      options.tries,
      bucket.left + ((now - bucket.at) * options.tries) / options.perMs,
    )
    return { left, at: now }
  }
  return {
    waitSeconds: (address) => {
      const { left } = refill(address)
      return left >= 1 ? 0 : Math.ceil(((1 - left) * options.perMs) / options.tries / 1000)
    },
    miss: (address) => {
      const bucket = refill(address)
      if (buckets.size > 10_000) buckets.clear()
      buckets.set(address, { left: bucket.left - 1, at: bucket.at })
    },
  }
}
