import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { HostStatus } from '#contract/host/status.ts'
import { judgeClock } from '#domains/monitor/clock.ts'
import { judgeDisk, judgeHost } from '#domains/monitor/host.ts'
import {
  deleteHostsExcept,
  getState,
  type MonitorKey,
  setMonitor,
  type Verdict,
} from '#domains/monitor/store.ts'
import type { Hosts, LinkedHost } from '#flows/host/hosts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'

export interface WatchHostsOptions {
  db: Database
  hosts: Pick<Hosts, 'sync' | 'all'>
  now(): number
  /** called when a monitor changed */
  onChange(): void
}

type Kind = 'host' | 'disk' | 'clock'

interface Known {
  answeredAt: number
  /** what is stored */
  said: Record<Kind, MonitorState | null>
}

/** Milliseconds of a call after which the clock of the host is not known well enough. */
const exactMs = 1000

/** Watches whether each host on another machine answers, and its disk and clock. */
export class WatchHosts {
  readonly #options: WatchHostsOptions
  #known = new Map<string, Known>()
  #kept = ''

  constructor(options: WatchHostsOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { db, hosts, onChange } = this.#options
    await hosts.sync()
    const all = hosts.all()
    const statements = (await Promise.all(all.map((one) => this.#watch(one)))).flat()
    const names = all.map(({ stored }) => stored.name)
    const kept = JSON.stringify(names)
    if (kept !== this.#kept) statements.push(deleteHostsExcept(names))
    this.#known = new Map([...this.#known].filter(([name]) => names.includes(name)))
    if (statements.length === 0) return
    // What was not stored is found again.
    this.#kept = ''
    await db.batch(statements).catch((error: unknown) => {
      this.#known.clear()
      throw error
    })
    this.#kept = kept
    onChange()
  }

  async #watch({ stored: { name }, client, state }: LinkedHost): Promise<Statement[]> {
    const { now } = this.#options
    const known = this.#known.get(name)
    const said = known?.said ?? (await this.#load(name))
    const began = now()
    const status = await client.status().catch(() => null)
    const answeredAt = status ? now() : (known?.answeredAt ?? now())
    const found: Partial<Record<Kind, Verdict | null>> = {
      host: judgeHost({ ...state(), answers: status !== null, answeredAt }, now()),
      ...(status?.disk && { disk: judgeDisk(status.disk) }),
      ...(status && { clock: judgeRemoteClock(status, { began, ended: now() }, said.clock) }),
    }
    const statements = hostKinds.flatMap((kind) => {
      const finding = found[kind]
      if (!finding || finding.state === said[kind]) return []
      said[kind] = finding.state
      return setMonitor(keyOf(kind, name), finding)
    })
    this.#known.set(name, { answeredAt, said })
    return statements
  }

  async #load(name: string): Promise<Known['said']> {
    const { db } = this.#options
    const [host, disk, clock] = await Promise.all(
      hostKinds.map((kind) => getState(db, keyOf(kind, name))),
    )
    return { host: host ?? null, disk: disk ?? null, clock: clock ?? null }
  }
}

const hostKinds = ['host', 'disk', 'clock'] as const

/** The clock of a host beside that of the server; null when the call took too long to tell. */
function judgeRemoteClock(
  { now }: Pick<HostStatus, 'now'>,
  { began, ended }: { began: number; ended: number },
  before: MonitorState | null,
): Verdict | null {
  if (now === undefined || ended - began > exactMs) return null
  const offset = (now - (began + ended) / 2) / 1000
  return { ...judgeClock(offset, before, 'the server'), onset: null }
}

const keyOf = (kind: Kind, name: string): MonitorKey => ({
  ...{ app: null, environment: null, service: null, kind, name },
})
