import { posix } from 'node:path'
import type { HostState } from '#contract/host/host.ts'
import { listHosts, type StoredHost } from '#domains/host/store.ts'
import type { RemoteHost, RemotePlace } from '#domains/deployment/remote-host.ts'
import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { OwnPackage } from '#platform/own-package.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { createHostClient, type HostClient } from '#platform/process/host-client.ts'
import { linkFolder, SshLink } from '#platform/ssh/link.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import { FairleadError } from '#contract/errors.ts'
import type { NamedHost } from './every-host.ts'
import { install, socketOf } from './install.ts'

export interface HostsOptions {
  db: Database
  log: Logger
  clock: Clock
  ssh: SshSettings
  own(): OwnPackage
  random(): number
}

/** A host on another machine, as this server sees it. */
export interface LinkedHost {
  stored: StoredHost
  client: HostClient
  link: SshLink
  state(): { state: HostState; reason: string | null; since: number }
}

interface Kept extends LinkedHost {
  /** equal while the link need not be made anew */
  key: string
  stop: AbortController
  ended: Promise<void>
}

/** The port of the edge of a host whose settings name none. */
const edgePort = 4480

/** The hosts on other machines, each with one supervised connection of this process. */
export class Hosts {
  readonly #options: HostsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #clients = new Map<string, HostClient>()
  /** since when each host is not connected, in milliseconds of the monotonic clock */
  readonly #lost = new Map<string, number>()
  #folder: string | null = null
  #syncing: Promise<void> = Promise.resolve()

  constructor(options: HostsOptions) {
    this.#options = options
  }

  all(): LinkedHost[] {
    return [...this.#kept.values()]
  }

  get(name: string): LinkedHost | null {
    return this.#kept.get(name) ?? null
  }

  /** Every host by its name; calls of those that are not connected throw. */
  named(): NamedHost<HostClient>[] {
    return this.all().map(({ stored: { name }, client }) => ({ name, host: client }))
  }

  /** The host of a target; every call of an unknown one throws. */
  remote(name: string): RemoteHost {
    return {
      client: this.#client(name),
      place: () => this.#place(name),
      awayMs: () => {
        const lost = this.#lost.get(name)
        if (lost !== undefined) return this.#options.clock.monotonic() - lost
        return this.#kept.has(name) ? null : 0
      },
      isDrained: () => (this.#kept.get(name)?.stored.drained ?? null) !== null,
      find: async () => {
        if (this.#place(name) === null) await this.sync()
        return this.#place(name)
      },
      forward: async (to) => {
        const host = this.#kept.get(name)
        if (!host) throw new FairleadError('unavailable', { what: `The host ${name}` })
        return host.link.forward(to)
      },
    }
  }

  #place(name: string): RemotePlace | null {
    const stored = this.#kept.get(name)?.stored
    if (!stored) return null
    const { address, folder, settings } = stored
    return {
      ...{ address, artifacts: posix.join(folder, 'host/artifacts') },
      edgePort: Number(settings['FAIRLEAD_EDGE_PORT'] ?? edgePort),
    }
  }

  /** Makes and ends links until they are those of the stored hosts. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.catch(() => undefined).then(() => this.#syncOnce())
    return this.#syncing
  }

  async #syncOnce(): Promise<void> {
    const stored = await listHosts(this.#options.db)
    for (const [name, kept] of this.#kept) {
      const one = stored.find((host) => host.name === name)
      if (one && keyOf(one) === kept.key) {
        kept.stored = one
        continue
      }
      kept.stop.abort()
      await kept.ended
      this.#kept.delete(name)
      this.#lost.delete(name)
    }
    for (const one of stored)
      if (!this.#kept.has(one.name)) this.#kept.set(one.name, this.#link(one))
  }

  #link(stored: StoredHost): Kept {
    const { clock, log, ssh, random } = this.#options
    const { name, destination, hostKey } = stored
    this.#lost.set(name, clock.monotonic())
    const client = this.#client(name)
    let installing: number | null = null
    const link = new SshLink({
      ...{ name, destination, hostKey, folder: this.#links(), settings: ssh, random },
      now: () => clock.now(),
      ...{ local: this.#socket(name), remote: socketOf(stored) },
      prepare: async (shell) => {
        try {
          await install(shell, stored, this.#options.own(), () => (installing = clock.now()))
          await untilServing(client)
        } finally {
          installing = null
        }
      },
      onChange: ({ state, reason }) => {
        if (state === 'connected') this.#lost.delete(name)
        else if (!this.#lost.has(name)) this.#lost.set(name, clock.monotonic())
        log[state === 'connected' ? 'info' : 'warn'](`the host ${name} is ${state}`, { reason })
      },
    })
    const stop = new AbortController()
    return {
      ...{ stored, client, link, stop, key: keyOf(stored) },
      ended: link.run(stop.signal),
      state: () =>
        installing === null
          ? link.report()
          : { state: 'installing', reason: null, since: installing },
    }
  }

  #client(name: string): HostClient {
    const known = this.#clients.get(name)
    if (known) return known
    const client = createHostClient(this.#socket(name), `The host ${name}`)
    this.#clients.set(name, client)
    return client
  }

  #links(): string {
    this.#folder ??= linkFolder()
    return this.#folder
  }

  #socket = (name: string): string => posix.join(this.#links(), `${name}.sock`)

  async close(): Promise<void> {
    for (const { stop } of this.#kept.values()) stop.abort()
    await Promise.all([...this.#kept.values()].map(({ ended }) => ended))
    for (const client of this.#clients.values()) client.close()
  }
}

/** What the connection to a host depends on. */
const keyOf = ({ drained: _drained, labels: _labels, ...host }: StoredHost): string =>
  JSON.stringify(host)

/** Milliseconds that a host has to answer after its start. */
const serveMs = 30_000

async function untilServing(client: HostClient): Promise<void> {
  const until = performance.now() + serveMs
  for (;;) {
    try {
      await client.status()
      return
    } catch (error) {
      if (performance.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
