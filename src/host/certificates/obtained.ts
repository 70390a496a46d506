import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { z } from 'zod'
import type { HostCertificate } from '#contract/host/status.ts'
import { replaceFile } from '../state.ts'
import { type AcmeAuthority, AcmeError, orderCertificate, type Proof } from './acme.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { pauseAfter, renewalOf } from './renewal.ts'
import { proofExtension, selfSigned } from './x509.ts'

/** What is kept of a domain, in one file with mode 0600. Times are in milliseconds since 1970. */
const record = z.object({
  pem: z.object({ chain: z.string(), key: z.string() }).nullable(),
  /** the directory of the authority that it was ordered from */
  authority: z.string(),
  /** failed attempts in a row, when the next one may start, and why the last one failed */
  attempts: z.number(),
  nextAt: z.number(),
  problem: z.string().nullable(),
})
type Record = z.infer<typeof record>

interface Kept extends Record {
  certificate: Certificate | null
}

export interface ObtainedOptions {
  folder: string
  authority: AcmeAuthority
  now(): number
  random(): number
  log(message: string, fields?: { [name: string]: unknown }): void
}

const orderMs = 300_000

/**
 * The certificates that an authority issues by ACME. They are ordered one after the other, renewed
 * early, and each attempt is recorded before it starts, so that a host that crashes again and again
 * orders no more often.
 */
export class ObtainedCertificates {
  readonly #options: ObtainedOptions
  readonly #all = new Map<string, Kept>()
  #proof: (Proof & { context: SecureContext | null }) | null = null
  #isOrdering = false
  readonly #stopped = new AbortController()

  constructor(options: ObtainedOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  }

  stop(): void {
    this.#stopped.abort()
  }

  /** Orders the first of the names that is due, unless an order is under way. */
  async tick(names: string[]): Promise<void> {
    if (this.#isOrdering || this.#stopped.signal.aborted) return
    const { now } = this.#options
    const due = names.find((name) => !name.startsWith('*') && this.#keptOf(name).nextAt <= now())
    if (due === undefined) return
    this.#isOrdering = true
    try {
      await this.#order(due)
    } finally {
      this.#isOrdering = false
    }
  }

  async #order(name: string): Promise<void> {
    const { authority, now, random, log } = this.#options
    const before = this.#keptOf(name)
    const attempts = before.attempts + 1
    const failed = (problem: string | null, retryAfterMs: number): void => {
      const nextAt = now() + pauseAfter(attempts, retryAfterMs, random())
      this.#keep(name, { ...before, authority: authority.url, attempts, nextAt, problem })
    }
    failed(before.problem, 0)
    try {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const chain = await orderCertificate(authority, {
        ...{ name, key: privateKey, accountKey: this.#accountKey() },
        preferred: attempts % 2 === 1 ? 'http-01' : 'tls-alpn-01',
        prove: (proof) => this.prove(proof),
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(orderMs)]),
      })
      const pem = { chain, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
      const nextAt = renewalOf(readCertificate(pem), random())
      this.#keep(name, { pem, authority: authority.url, attempts: 0, nextAt, problem: null })
    } catch (error) {
      if (this.#stopped.signal.aborted) return
      const problem = sentenceOf(error)
      log('a certificate was not issued', { name, problem })
      failed(problem, error instanceof AcmeError ? error.retryAfterMs : 0)
    }
  }

  /** Makes the edge give a proof; null takes it back. */
  prove(proof: Proof | null): void {
    this.#proof = proof && {
      ...proof,
      context: proof.kind === 'tls-alpn-01' ? proofContext(proof, this.#options.now()) : null,
    }
  }

  proofAt(name: string, path: string): string | null {
    const proof = this.#proof
    const isAsked = path === `/.well-known/acme-challenge/${proof?.token}` && proof?.name === name
    return isAsked ? proof.keyAuthorization : null
  }

  proofFor(name: string): SecureContext | null {
    return this.#proof?.name === name ? this.#proof.context : null
  }

  isProving(): boolean {
    return this.#proof !== null
  }

  find(name: string): Certificate | null {
    return this.#keptOf(name).certificate
  }

  /** How far the orders of a name are. */
  orderOf(name: string): Pick<HostCertificate, 'problem' | 'attempts' | 'next'> {
    if (name.startsWith('*'))
      return { problem: 'a name with * needs a certificate of your own', attempts: 0, next: null }
    const { problem, attempts, nextAt } = this.#keptOf(name)
    const isCut = problem === null && attempts > 1
    return {
      problem: isCut ? interrupted(attempts - 1) : problem,
      ...{ attempts, next: Math.max(nextAt, this.#options.now()) },
    }
  }

  #keptOf(name: string): Kept {
    const known = this.#all.get(name) ?? readRecord(this.#fileOf(name))
    const { url } = this.#options.authority
    // Another authority is asked at once.
    const kept =
      known.authority === url ? known : { ...known, authority: url, nextAt: 0, attempts: 0 }
    this.#all.set(name, kept)
    return kept
  }

  #keep(name: string, kept: Record): void {
    const { pem, authority, attempts, nextAt, problem } = kept
    const text = JSON.stringify({ pem, authority, attempts, nextAt, problem } satisfies Record)
    replaceFile(this.#fileOf(name), text, true)
    this.#all.set(name, { ...kept, certificate: pem && readCertificate(pem) })
  }

  #fileOf(name: string): string {
    return join(this.#options.folder, `${name.replace('*', '_')}.json`)
  }

  /** The key of the account; each authority gets its own. */
  #accountKey(): KeyObject {
    const id = createHash('sha256').update(this.#options.authority.url).digest('hex').slice(0, 16)
    const file = join(this.#options.folder, `account-${id}.pem`)
    try {
      return createPrivateKey(readFileSync(file, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      replaceFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, true)
      return privateKey
    }
  }
}

function readRecord(file: string): Kept {
  try {
    const read = record.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { ...read, certificate: read.pem && readCertificate(read.pem) }
  } catch {
    return {
      ...{ pem: null, authority: '', attempts: 0, nextAt: 0, problem: null },
      certificate: null,
    }
  }
}

/** The certificate by which a handshake proves a name. */
function proofContext({ name, keyAuthorization }: Proof, now: number): SecureContext {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const digest = createHash('sha256').update(keyAuthorization).digest()
  const cert = selfSigned(name, privateKey, {
    ...{ begins: now - 3_600_000, expires: now + 86_400_000 },
    extensions: [proofExtension(digest)],
  })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
}

/** One sentence without its full stop for people. */
function sentenceOf(error: unknown): string {
  if (error instanceof AcmeError) return `the authority refuses the certificate: ${error.message}`
  if (error instanceof z.ZodError || error instanceof SyntaxError)
    return 'the authority does not answer as RFC 8555 says'
  if ((error as Error).name === 'TimeoutError') return 'the authority does not answer in time'
  return `the authority cannot be reached: ${(error as Error).message}`
}

const interrupted = (orders: number): string =>
  `the host ended during ${orders === 1 ? 'an order' : `${orders} orders`}`
