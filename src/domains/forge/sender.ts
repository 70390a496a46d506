import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** One check-in that a forge announces. Nothing of it is believed but that it is time to look. */
export type CheckIn =
  | { kind: 'push'; ref: string; before: string | null; after: string | null; by?: string }
  | ({ kind: 'pull_request' } & PullRequest)
  | { kind: 'ping' }
  | { kind: 'other'; what: string }

export interface PullRequest {
  number: number
  state: 'open' | 'merged' | 'closed'
  title: string
  author: string
  /** not said by deliveries of before */
  isDraft?: boolean
  /** the newest commit, the branch, and the repository where they are; null when that is gone */
  head: { sha: string; branch: string; repository: string | null }
  /** the branch that it wants to go into, and the repository of that */
  base: { branch: string; repository: string | null }
}

/** Header names in lower case. */
export type Headers = Record<string, string | string[] | undefined>

export interface Signed {
  headers: Headers
  body: Buffer
  /** the webhook's secrets that count now: the newest first, and for a while the one before */
  secrets: string[]
  /** milliseconds since 1970 */
  now: number
}

/**
 * How one kind of sender signs, names and writes what it sends. Adding one takes one file, and its
 * line in `forges/all.ts`.
 */
export interface Forge {
  name: string
  /** whether the headers are those of this sender */
  isSender(headers: Headers): boolean
  /** whether the headers hold a signature at all: without, the body is not even read */
  isSigned(headers: Headers): boolean
  /** compares in constant time, over the bytes as they came */
  isAuthentic(request: Signed): boolean
  /** the sender's own id of the delivery, the same when it tries again; null when it sends none */
  deliveryId(headers: Headers): string | null
  /** the sender's own word for what happened */
  event(headers: Headers): string
  /** what happened, from the parsed JSON; throws a ZodError */
  read(event: string, payload: unknown, headers: Headers): CheckIn[]
}

export const header = (headers: Headers, name: string): string | null => {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) || null
}

const isEqual = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

/**
 * A secret sent as it is. Compared as digests, so that neither content nor length shows in the
 * time.
 */
export function isSecret(secrets: string[], given: string | null): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest()
  return (
    given !== null && secrets.filter((secret) => isEqual(digest(secret), digest(given))).length > 0
  )
}

/** The hex HMAC-SHA256 of the body. */
export function isHexHmac({ body, secrets }: Signed, given: string | null): boolean {
  if (given === null || !/^[0-9a-f]{64}$/i.test(given)) return false
  const bytes = Buffer.from(given, 'hex')
  return secrets.some((secret) =>
    isEqual(createHmac('sha256', secret).update(body).digest(), bytes),
  )
}

/** As GitHub writes it: `sha256=` and the hex. */
export function isHubSignature(request: Signed): boolean {
  const given =
    header(request.headers, 'x-hub-signature-256') ?? header(request.headers, 'x-hub-signature')
  return isHexHmac(request, given?.startsWith('sha256=') ? given.slice(7) : null)
}

/**
 * How far a signed time may be from ours, in milliseconds: a copied request is worth nothing later.
 */
const clockTolerance = 300_000

/**
 * `webhook-id`, `webhook-timestamp` and `webhook-signature` over `ID.TIME.BODY`
 * (https://www.standardwebhooks.com). A secret that begins with `whsec_` is base64 of the key.
 */
export function isStandardSignature({ headers, body, secrets, now }: Signed): boolean {
  const id = header(headers, 'webhook-id')
  const time = header(headers, 'webhook-timestamp')
  const given = header(headers, 'webhook-signature')
  if (id === null || given === null || time === null || !/^\d{1,12}$/.test(time)) return false
  if (Math.abs(now - Number(time) * 1000) > clockTolerance) return false
  const signatures = given
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'))
  return secrets.some((secret) => {
    const key = secret.startsWith('whsec_')
      ? Buffer.from(secret.slice(6), 'base64')
      : Buffer.from(secret)
    const digest = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest()
    return signatures.some((one) => isEqual(one, digest))
  })
}

export const isStandardSigned = (headers: Headers): boolean =>
  header(headers, 'webhook-signature') !== null

/** Forty zeros (or 64) stand for no commit. */
export const commit = z
  .string()
  .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'is not the id of a commit')
  .transform((sha) => (/^0+$/.test(sha) ? null : sha))

/** A commit that is there. */
export const someCommit = z.string().regex(/^[0-9a-f]{7,64}$/, 'is not the id of a commit')

/** The ref of a push: printable, as git allows no other. */
export const gitRef = z
  .string()
  .max(300)
  .regex(/^refs\/[^\s\0-\x1f\x7f]+$/, 'is not a ref')

export const line = z
  .string()
  .transform((text) => text.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, 300))

/**
 * Who pushed, as the forge calls them; left out where it does not say, or in a way that is not
 * known.
 */
export const pushedBy = (name: string | null | undefined): { by?: string } =>
  name ? { by: name } : {}
