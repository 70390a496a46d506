import type { HostCertificate } from '#contract/host/status.ts'
import type { EdgeCertificates } from '../edge/domains.ts'
import type { Certificate } from './certificate.ts'
import type { ObtainedCertificates } from './obtained.ts'
import { type OwnCertificates, ownCertificates } from './own.ts'

export interface CertificatesOptions {
  /** the folder of own certificates; null without one */
  folder: string | null
  /** those that an authority issues; null without one */
  obtained: ObtainedCertificates | null
  /** the domains of all environments */
  domains(): string[]
  log(message: string, fields?: Record<string, unknown>): void
}

const refreshMs = 10_000
const tickMs = 1000

/** The certificates of the edge: those of the administrator, and for other names issued ones. */
export class Certificates implements EdgeCertificates {
  readonly #options: CertificatesOptions
  readonly #own: OwnCertificates | null
  readonly #timers: NodeJS.Timeout[] = []

  constructor(options: CertificatesOptions) {
    this.#options = options
    const { folder, log } = options
    this.#own = folder === null ? null : ownCertificates(folder, log)
    this.#own?.refresh()
  }

  start(): void {
    this.#timers.push(
      setInterval(() => this.#own?.refresh(), refreshMs).unref(),
      setInterval(() => void this.#order(), tickMs).unref(),
    )
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#options.obtained?.stop()
  }

  /** Orders what no certificate of the administrator is for. */
  async #order(): Promise<void> {
    const { domains, obtained, log } = this.#options
    try {
      await obtained?.tick(domains().filter((name) => !this.#own?.find(name)))
    } catch (error) {
      log('certificates cannot be ordered', { error: (error as Error).message })
    }
  }

  #find(name: string): Certificate | null {
    return this.#own?.find(name) ?? this.#options.obtained?.find(name) ?? null
  }

  contextFor(name: string): Certificate['context'] | null {
    return this.#find(name)?.context ?? null
  }

  proofAt(name: string, path: string): string | null {
    return this.#options.obtained?.proofAt(name, path) ?? null
  }

  proofFor(name: string): Certificate['context'] | null {
    return this.#options.obtained?.proofFor(name) ?? null
  }

  isProving(): boolean {
    return this.#options.obtained?.isProving() ?? false
  }

  #orderOf(name: string): Pick<HostCertificate, 'problem' | 'attempts' | 'next'> {
    const { obtained } = this.#options
    if (this.#own?.find(name)) return { problem: null, attempts: 0, next: null }
    const problem = 'there is no certificate for this name'
    return obtained?.orderOf(name) ?? { problem, attempts: 0, next: null }
  }

  /** The domains with the state of their certificates. */
  status(): HostCertificate[] {
    return this.#options.domains().map((name) => {
      const { begins = null, expires = null, issuer = null } = this.#find(name) ?? {}
      return { name, begins, expires, issuer, ...this.#orderOf(name) }
    })
  }
}
