import { hash, randomBytes } from 'node:crypto'
import type { SessionRule } from '#contract/host/host.ts'

/** The cookie that the edge sets when it is to know sessions and the app has none. */
const ownCookie = 'fairlead-session'

export interface Session {
  /** names it; null for a request that belongs to none */
  key: string | null
  /** the value of a Set-Cookie header that begins it */
  cookie: string | null
}

/**
 * The session of a request, by a header or cookie of the app, or by a cookie of the edge. `header`
 * reads one, lower case.
 */
export function sessionOf(rule: SessionRule, header: (name: string) => string): Session {
  if (rule.header !== undefined)
    return { key: header(rule.header.toLowerCase()) || null, cookie: null }
  const name = rule.cookie ?? ownCookie
  const found = header('cookie')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
  if (found || rule.cookie !== undefined) return { key: found || null, cookie: null }
  const key = randomBytes(12).toString('base64url')
  return { key, cookie: `${name}=${key}; Path=/; HttpOnly; SameSite=Lax` }
}

const bits = 48

/** A number that stands for a session, from 0 to 2^48 − 1, another one in each canary. */
export function sessionNumber(salt: string, key: string): number {
  return Number.parseInt(hash('sha256', `${salt}\n${key}`).slice(0, bits / 4), 16)
}

/** Where a session lies between 0 and 1: as good as at random, and always the same. */
export const placeOf = (session: number): number => session / 2 ** bits
