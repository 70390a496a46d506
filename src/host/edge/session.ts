import { hash, randomBytes } from 'node:crypto'
import type { SessionRule } from '#contract/host/route.ts'

/** The session cookie of the edge, for apps without one. */
const ownCookie = 'fairlead-session'

export interface Session {
  /** Identifies the session; null for a request without one. */
  key: string | null
  /** Value of a Set-Cookie header that starts the session. */
  cookie: string | null
}

/**
 * Finds the session of a request by a header or cookie of the app, or by the cookie of the edge.
 * `header` reads a header by its lower-case name.
 */
export function sessionOf(rule: SessionRule, header: (name: string) => string): Session {
  if (rule.header !== undefined)
    return { key: header(rule.header.toLowerCase()) || null, cookie: null }
  const name = rule.cookie ?? ownCookie
  const found = cookieIn(header('cookie'), name)
  if (found || rule.cookie !== undefined) return { key: found || null, cookie: null }
  const key = randomBytes(12).toString('base64url')
  return { key, cookie: `${name}=${key}; Path=/; HttpOnly; SameSite=Lax` }
}

/** The value of a cookie in the header `cookie`; undefined without it. */
export const cookieIn = (header: string, name: string): string | undefined =>
  header
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)

const bits = 48

/** A number from 0 to 2^48 − 1 for a session, different in each canary. */
export function sessionNumber(salt: string, key: string): number {
  return Number.parseInt(hash('sha256', `${salt}\n${key}`).slice(0, bits / 4), 16)
}

/** Maps a session to a constant, uniformly distributed value from 0 to 1. */
export const placeOf = (session: number): number => session / 2 ** bits
