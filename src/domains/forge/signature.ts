import { createHmac, timingSafeEqual } from 'node:crypto'

/** Header names in lower case. */
export type Headers = Record<string, string | string[] | undefined>

export interface SignedRequest {
  headers: Headers
  body: Buffer
  /** secrets that are valid now: the current one first, then the previous one for a while */
  secrets: string[]
  /** milliseconds since 1970 */
  now: number
}

export const header = (headers: Headers, name: string): string | null => {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) || null
}

const isEqual = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

/**
 * Whether a plain token is one of the secrets. Digests are compared, so that the time taken reveals
 * neither content nor length.
 */
export function isSecret(secrets: string[], token: string | null): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest()
  return (
    token !== null && secrets.filter((secret) => isEqual(digest(secret), digest(token))).length > 0
  )
}

/** Whether the text is the hexadecimal HMAC-SHA256 of the body. */
export function isHexHmac({ body, secrets }: SignedRequest, signature: string | null): boolean {
  if (signature === null || !/^[0-9a-f]{64}$/i.test(signature)) return false
  const bytes = Buffer.from(signature, 'hex')
  return secrets.some((secret) =>
    isEqual(createHmac('sha256', secret).update(body).digest(), bytes),
  )
}

/** The format of GitHub and Bitbucket: `sha256=`, then the hexadecimal HMAC-SHA256. */
export function isHubSignature(request: SignedRequest): boolean {
  const signature =
    header(request.headers, 'x-hub-signature-256') ?? header(request.headers, 'x-hub-signature')
  return isHexHmac(request, signature?.startsWith('sha256=') ? signature.slice(7) : null)
}

/** Milliseconds by which a signed time may differ from ours; limits replays of a copied request. */
const clockTolerance = 300_000

/**
 * Standard Webhooks (https://www.standardwebhooks.com): `webhook-signature` signs the text
 * `ID.TIMESTAMP.BODY`. A secret that begins with `whsec_` holds the key in base64.
 */
export function isStandardSignature({ headers, body, secrets, now }: SignedRequest): boolean {
  const id = header(headers, 'webhook-id')
  const time = header(headers, 'webhook-timestamp')
  const signature = header(headers, 'webhook-signature')
  if (id === null || signature === null || time === null || !/^\d{1,12}$/.test(time)) return false
  if (Math.abs(now - Number(time) * 1000) > clockTolerance) return false
  const signatures = signature
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

export const hasStandardSignature = (headers: Headers): boolean =>
  header(headers, 'webhook-signature') !== null
