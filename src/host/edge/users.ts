import { hash } from 'node:crypto'
import { matchesCryptHash } from '#platform/secret/crypt-hash.ts'

/** Passwords that are checked in a second; a check takes about 10 ms of the only thread. */
const checksPerSecond = 5
/** Limit of remembered credentials. */
const maxKnown = 10_000
/** Limit in bytes of a password, because the work grows with it. */
const longestPassword = 200

export type Admission = 'yes' | 'no' | 'later'

/** The people of an environment with Basic authentication (RFC 7617). */
export class Users {
  readonly #hashes: ReadonlyMap<string, string>
  /** Digests of credentials that were correct. */
  readonly #known = new Set<string>()
  #second = 0
  #checks = 0

  /** `lines` are `NAME:HASH`. */
  constructor(lines: readonly string[]) {
    this.#hashes = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1)]
      }),
    )
  }

  /** Whether the header `Authorization` names one of them; `later` when too many were wrong. */
  admits(authorization: string, now: number): Admission {
    const [, encoded = ''] = /^basic +([A-Za-z0-9+/]{1,1000}={0,2})$/i.exec(authorization) ?? []
    if (encoded === '') return 'no'
    const text = Buffer.from(encoded, 'base64').toString()
    const colon = text.indexOf(':')
    const [name, password] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)]
    const expected = this.#hashes.get(name)
    if (expected === undefined || Buffer.byteLength(password) > longestPassword) return 'no'
    const key = hash('sha256', text)
    if (this.#known.has(key)) return 'yes'
    if (!this.#mayCheck(now)) return 'later'
    if (!matchesCryptHash(password, expected)) return 'no'
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.add(key)
    return 'yes'
  }

  #mayCheck(now: number): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) [this.#second, this.#checks] = [second, 0]
    this.#checks += 1
    return this.#checks <= checksPerSecond
  }
}
