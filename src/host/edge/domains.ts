import type { SecureContext } from 'node:tls'
import type { HostDomain } from '#contract/host/route.ts'
import type { Entry } from './route.ts'

/** The certificates of the domains, and what proves to an authority that they lead here. */
export interface EdgeCertificates {
  /** The certificate for a name in lower case; null when there is none. */
  contextFor(name: string): SecureContext | null
  /** What is answered at a path of a name without TLS; null for what is no proof. */
  proofAt(name: string, path: string): string | null
  /** The certificate that proves a name in a handshake; null without one. */
  proofFor(name: string): SecureContext | null
  /** Whether any name is being proven at the moment. */
  isProving(): boolean
}

/** A domain and the environment that it leads to. */
export interface DomainPlace {
  entry: Entry
  domain: HostDomain
}

/** Finds the environment of a domain. */
export class Domains {
  readonly #places = new Map<string, DomainPlace>()

  /**
   * Replaces all domains. Of two environments whose releases with the traffic have the same one,
   * the newer release gets it: releases have one sequence of numbers for all apps.
   */
  set(entries: Entry[]): void {
    this.#places.clear()
    const byAge = entries.toSorted((a, b) => (a.route.release ?? -1) - (b.route.release ?? -1))
    for (const entry of byAge)
      for (const domain of entry.route.domains ?? [])
        this.#places.set(domain.name, { entry, domain })
  }

  /** The place of a host; the domain `*.example.com` has those of one more label. */
  at(host: string): DomainPlace | undefined {
    if (this.#places.size === 0) return undefined
    return this.#places.get(host) ?? this.#places.get(`*${host.slice(host.indexOf('.'))}`)
  }

  names(): string[] {
    return [...this.#places.keys()]
  }
}
