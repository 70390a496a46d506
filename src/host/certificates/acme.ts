import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { certificateRequest } from './x509.ts'

/** How an authority is reached that speaks ACME (RFC 8555). */
export interface AcmeAuthority {
  /** the address of its directory */
  url: string
  /** the contact of the account; null for none */
  email: string | null
  /** certificates of the authorities that its own address is trusted by, as PEM */
  ca: string | null
}

/** The ways to prove a name that the edge knows, in the order in which they are tried. */
export type ProofKind = 'http-01' | 'tls-alpn-01'

/** What proves a name to the authority while an order is under way. */
export interface Proof {
  name: string
  kind: ProofKind
  token: string
  /** what the client answers, and hashes for a handshake */
  keyAuthorization: string
}

export interface OrderOptions {
  name: string
  /** the key of the certificate, and the key of the account */
  key: KeyObject
  accountKey: KeyObject
  /** the kind to use if the authority offers it */
  preferred: ProofKind
  /** Makes the edge give the proof; null takes it back. */
  prove(proof: Proof | null): void
  signal: AbortSignal
}

/** A refusal of the authority: one sentence, and the milliseconds that it asks to wait. */
export class AcmeError extends Error {
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs = 0) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

const directorySchema = z.object({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
})
const problemSchema = z.object({ type: z.string().default(''), detail: z.string().default('') })
const orderSchema = z.object({
  status: z.string(),
  authorizations: z.array(z.url()).default([]),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problemSchema.optional(),
})
const challengeSchema = z.object({
  type: z.string(),
  url: z.url(),
  token: z
    .string()
    .regex(/^[\w-]{1,200}$/)
    .optional(),
  error: problemSchema.optional(),
})
const authorizationSchema = z.object({
  status: z.string(),
  challenges: z.array(challengeSchema),
})

interface Answer {
  body: unknown
  text: string
  location: string
  retryAfterMs: number
}

const maxAnswerBytes = 200_000
const requestMs = 30_000
const pollMs = 1000
const kinds: ProofKind[] = ['http-01', 'tls-alpn-01']
const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url')

/** Orders one certificate and returns its chain as PEM. Throws an AcmeError on a refusal. */
export async function orderCertificate(
  authority: AcmeAuthority,
  options: OrderOptions,
): Promise<string> {
  const session = new Session(authority, options)
  try {
    return await session.order()
  } finally {
    options.prove(null)
    await session.close()
  }
}

class Session {
  readonly #authority: AcmeAuthority
  readonly #options: OrderOptions
  readonly #agent: Agent
  readonly #jwk: Record<string, unknown>
  #newNonce = ''
  #nonce: string | null = null
  #account: string | null = null

  constructor(authority: AcmeAuthority, options: OrderOptions) {
    this.#authority = authority
    this.#options = options
    this.#agent = new Agent({
      connect: authority.ca === null ? {} : { ca: [...rootCertificates, authority.ca] },
    })
    const { crv, kty, x, y } = createPublicKey(options.accountKey).export({ format: 'jwk' })
    this.#jwk = { crv, kty, x, y }
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  async order(): Promise<string> {
    const { email, url } = this.#authority
    const { name, key } = this.#options
    const directory = directorySchema.parse((await this.#send('GET', url)).body)
    this.#newNonce = directory.newNonce
    const contact = email === null ? {} : { contact: [`mailto:${email}`] }
    // An account that exists is answered as if it were new.
    const account = await this.#post(directory.newAccount, {
      termsOfServiceAgreed: true,
      ...contact,
    })
    this.#account = account.location
    const identifiers = [{ type: 'dns', value: name }]
    const placed = await this.#post(directory.newOrder, { identifiers })
    const order = orderSchema.parse(placed.body)
    for (const authorization of order.authorizations) await this.#authorize(authorization)
    const csr = base64url(certificateRequest([name], key))
    await this.#post(order.finalize, { csr })
    const done = await this.#poll(placed.location, orderSchema, ({ status }) => status === 'valid')
    if (done.certificate === undefined) throw new AcmeError('the authority gives no certificate')
    return (await this.#post(done.certificate, null)).text
  }

  async #authorize(url: string): Promise<void> {
    const { status, challenges } = authorizationSchema.parse((await this.#post(url, null)).body)
    if (status === 'valid') return
    const { preferred, name, prove } = this.#options
    const offered = [preferred, ...kinds].flatMap((kind) =>
      challenges.filter(({ type, token }) => type === kind && token !== undefined),
    )
    const [challenge] = offered
    if (!challenge?.token)
      throw new AcmeError('the authority offers no proof that the edge can give')
    const { token } = challenge
    const keyAuthorization = `${token}.${this.#thumbprint()}`
    prove({ name, kind: challenge.type as ProofKind, token, keyAuthorization })
    await this.#post(challenge.url, {})
    await this.#poll(url, authorizationSchema, (one) => one.status === 'valid')
    prove(null)
  }

  /** Reads a resource until it is ready, as often as the authority says. */
  async #poll<T extends { status: string }>(
    url: string,
    schema: z.ZodType<T>,
    isReady: (resource: T) => boolean,
  ): Promise<T> {
    const { signal } = this.#options
    for (;;) {
      const { body, retryAfterMs } = await this.#post(url, null)
      const resource = schema.parse(body)
      if (isReady(resource)) return resource
      if (['invalid', 'deactivated', 'expired', 'revoked'].includes(resource.status))
        throw new AcmeError(refusalIn(body))
      await pause(Math.max(pollMs, retryAfterMs), undefined, { signal })
    }
  }

  /** The digest of the public key of the account (RFC 7638). */
  #thumbprint(): string {
    return createHash('sha256').update(JSON.stringify(this.#jwk)).digest('base64url')
  }

  /** A signed request; null as its payload reads the resource. */
  async #post(url: string, payload: object | null): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      if (this.#nonce === null) await this.#send('HEAD', this.#newNonce)
      const nonce = this.#nonce
      this.#nonce = null
      const who = this.#account === null ? { jwk: this.#jwk } : { kid: this.#account }
      const head = base64url(JSON.stringify({ alg: 'ES256', nonce, url, ...who }))
      const text = payload === null ? '' : base64url(JSON.stringify(payload))
      const key = { key: this.#options.accountKey, dsaEncoding: 'ieee-p1363' as const }
      const signature = base64url(sign('sha256', Buffer.from(`${head}.${text}`), key))
      const body = JSON.stringify({ protected: head, payload: text, signature })
      try {
        return await this.#send('POST', url, body)
      } catch (error) {
        if (!(error instanceof BadNonce) || tries === 3) throw error
      }
    }
  }

  async #send(method: 'GET' | 'HEAD' | 'POST', url: string, body?: string): Promise<Answer> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(requestMs)])
    const answer = await request(url, {
      ...{ method, dispatcher: this.#agent, signal },
      headers: { 'user-agent': 'fairlead', 'content-type': 'application/jose+json' },
      ...(body === undefined ? {} : { body }),
    })
    const header = (name: string): string => String(answer.headers[name] ?? '')
    if (header('replay-nonce') !== '') this.#nonce = header('replay-nonce')
    let text = ''
    for await (const part of answer.body) {
      text += String(part)
      if (text.length > maxAnswerBytes) throw new AcmeError('the authority answers too much')
    }
    const isJson = header('content-type').includes('json')
    const read: unknown = isJson && text !== '' ? JSON.parse(text) : null
    const retryAfterMs = waitOf(header('retry-after'), Date.now())
    const result = { body: read, text, location: header('location'), retryAfterMs }
    if (answer.statusCode < 400) return result
    const { data } = problemSchema.safeParse(read)
    if (data?.type.endsWith(':badNonce')) throw new BadNonce('the authority refuses its own nonces')
    throw new AcmeError(plain(data?.detail || `it answers ${answer.statusCode}`), retryAfterMs)
  }
}

class BadNonce extends AcmeError {}

/** Milliseconds that `Retry-After` asks for: seconds or a date; 0 without one. */
export function waitOf(text: string, now: number): number {
  if (/^\d{1,8}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}

/** Why an authorization or an order is not valid, in the words of the authority. */
function refusalIn(body: unknown): string {
  const order = z.object({ error: problemSchema }).safeParse(body).data
  const { challenges = [] } = authorizationSchema.partial().safeParse(body).data ?? {}
  const detail = order?.error.detail ?? challenges.find(({ error }) => error)?.error?.detail
  return plain(detail || 'it does not say why')
}

/** Text of the authority on one short line without its full stop. */
const plain = (text: string): string =>
  text
    .replaceAll(/[^ -~]+/g, ' ')
    .slice(0, 500)
    .trim()
    .replace(/\.$/, '')
