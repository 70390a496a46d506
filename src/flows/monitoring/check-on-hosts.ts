import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { HostMonitor, HostMonitors } from '#contract/host/monitors.ts'
import type { CheckResult } from '#contract/monitor/check.ts'
import { FairleadError } from '#contract/errors.ts'
import { type EveryHost, localHost } from '#flows/host/every-host.ts'
import type { HostClient } from '#platform/process/host-client.ts'

type CheckingHost = Pick<HostClient, 'setMonitors' | 'monitors'>

/** Where monitors may connect to, and what proves that a host is connected. */
export type MonitorPolicy = Pick<HostMonitors, 'privateHosts' | 'allowAddresses' | 'references'>

export interface CheckOnHostsOptions {
  hosts: EveryHost<CheckingHost>
  policy: MonitorPolicy
  now(): number
}

/** What a host has found since it was read before; null when nothing is known of its checks. */
export interface HostFindings {
  host: string
  results: CheckResult[] | null
}

/** The checks that a host has, and the results that were read from it. */
interface Known {
  wanted: HostMonitors
  run: string
  next: number
  answeredAt: number
  /** read, and not returned yet */
  found: CheckResult[]
  reading: Promise<void> | null
}

/** Milliseconds without an answer after which nothing is known of what a host checks. */
const patience = 15_000
/** Milliseconds that the results of the other hosts wait for a host that is slow. */
const slowness = 500

/** Tells hosts what to check, and reads what they find. */
export class CheckOnHosts {
  readonly #options: CheckOnHostsOptions
  readonly #known = new Map<string, Known>()

  constructor(options: CheckOnHostsOptions) {
    this.#options = options
  }

  /** What each host checks. A host that has nothing to check any more is told so. */
  set(byHost: ReadonlyMap<string, HostMonitor[]>): void {
    const { policy, now } = this.#options
    for (const host of new Set([localHost, ...this.#known.keys(), ...byHost.keys()])) {
      const body = { ...policy, monitors: byHost.get(host) ?? [] }
      const version = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)
      const wanted = { version, ...body }
      const known = this.#known.get(host)
      if (known) known.wanted = wanted
      else
        this.#known.set(host, {
          ...{ wanted, run: '', next: 0, answeredAt: now(), found: [], reading: null },
        })
    }
  }

  async read(): Promise<HostFindings[]> {
    await Promise.all([...this.#known].map(([host, known]) => this.#await(host, known)))
    return [...this.#known].map(([host, known]) => {
      const isKnown = this.#options.now() - known.answeredAt < patience
      return { host, results: isKnown ? known.found.splice(0) : null }
    })
  }

  /** A connection that hangs must not delay what other hosts found. */
  async #await(host: string, known: Known): Promise<void> {
    known.reading ??= this.#readOne(host, known).finally(() => (known.reading = null))
    const stop = new AbortController()
    const pause = setTimeout(slowness, undefined, { signal: stop.signal, ref: false })
    await Promise.race([known.reading, pause.catch(() => undefined)])
    stop.abort()
  }

  async #readOne(name: string, known: Known): Promise<void> {
    try {
      const host = this.#find(name)
      let found = await host.monitors(known.next)
      if (found.version !== known.wanted.version) await host.setMonitors(known.wanted)
      if (found.run !== known.run) found = await host.monitors(0)
      known.found.push(...found.results)
      Object.assign(known, { run: found.run, next: found.next, answeredAt: this.#options.now() })
    } catch {
      // A host that is away for long is reported as unknown.
    }
  }

  #find(name: string): CheckingHost {
    const { local, remotes } = this.#options.hosts
    const host = name === localHost ? local : remotes().find((one) => one.name === name)?.host
    if (!host) throw new FairleadError('unavailable', { what: `The host ${name}` })
    return host
  }
}
