import type { HostCertificate } from '#contract/host/status.ts'
import type { EdgeCertificates } from '../edge/domains.ts'
import type { Certificate } from './certificate.ts'
import { type OwnCertificates, ownCertificates } from './own.ts'

export interface CertificatesOptions {
  /** the folder of own certificates; null without one */
  folder: string | null
  /** the domains of all environments */
  domains(): string[]
  log(message: string, fields?: Record<string, unknown>): void
}

const refreshMs = 10_000

/** The certificates of the edge: those of the administrator. */
export class Certificates implements EdgeCertificates {
  readonly #options: CertificatesOptions
  readonly #own: OwnCertificates | null
  #timer: NodeJS.Timeout | undefined

  constructor(options: CertificatesOptions) {
    this.#options = options
    const { folder, log } = options
    this.#own = folder === null ? null : ownCertificates(folder, log)
    this.#own?.refresh()
  }

  start(): void {
    this.#timer = setInterval(() => this.#own?.refresh(), refreshMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #find(name: string): Certificate | null {
    return this.#own?.find(name) ?? null
  }

  contextFor(name: string): Certificate['context'] | null {
    return this.#find(name)?.context ?? null
  }

  proofAt(): null {
    return null
  }

  proofFor(): null {
    return null
  }

  isProving(): boolean {
    return false
  }

  /** The domains with the state of their certificates. */
  status(): HostCertificate[] {
    return this.#options.domains().map((name) => {
      const found = this.#find(name)
      return {
        name,
        expires: found?.expires ?? null,
        problem: found ? null : 'there is no certificate for this name',
      }
    })
  }
}
