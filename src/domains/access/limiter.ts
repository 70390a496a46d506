/** Limits failed attempts per address. */
export interface Limiter {
  /** Seconds that the address has to wait before its next attempt; 0 when it may try now. */
  waitSeconds(address: string): number
  recordFailure(address: string): void
}

/** Addresses that are remembered at most. */
const maxAddresses = 10_000

/**
 * A token bucket per address: `attempts` failures in immediate succession, refilled within
 * `perMs` milliseconds.
 */
export function createLimiter(options: {
  now(): number
  attempts: number
  perMs: number
}): Limiter {
  const { attempts, perMs } = options
  const buckets = new Map<string, { left: number; time: number }>()
  const refill = (address: string): { left: number; time: number } => {
    const time = options.now()
    const bucket = buckets.get(address) ?? { left: attempts, time }
    const refilled = bucket.left + ((time - bucket.time) * attempts) / perMs
    return { left: Math.min(attempts, refilled), time }
  }
  return {
    waitSeconds: (address) => {
      const { left } = refill(address)
      return left >= 1 ? 0 : Math.ceil(((1 - left) * perMs) / attempts / 1000)
    },
    recordFailure: (address) => {
      const bucket = refill(address)
      if (buckets.size > maxAddresses) buckets.clear()
      buckets.set(address, { left: bucket.left - 1, time: bucket.time })
    },
  }
}
