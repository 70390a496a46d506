const minute = 60_000
const hour = 60 * minute

/**
 * When a certificate is renewed, in milliseconds since 1970: after two thirds of its lifetime, and
 * up to a twentieth earlier, so that many certificates of one day do not fall due together.
 */
export function renewalOf(
  { begins, expires }: { begins: number; expires: number },
  random: number,
): number {
  const lifetime = expires - begins
  return begins + lifetime * (2 / 3) - (lifetime / 20) * random
}

/**
 * Milliseconds until the next attempt: 5 minutes, then twice as long each time up to 12 hours,
 * because authorities refuse a name after five failures in an hour; longer if the authority says
 * so.
 */
export function pauseAfter(attempts: number, retryAfterMs: number, random: number): number {
  const wait = Math.min(12 * hour, 5 * minute * 2 ** Math.max(0, attempts - 1))
  return Math.max(retryAfterMs, wait * (1 + random / 10))
}
