import type { MonitorState } from '#contract/monitor/monitor.ts'
import { judgeHost } from '#domains/monitor/host.ts'
import { deleteHostsExcept, getState, type MonitorKey, setMonitor } from '#domains/monitor/store.ts'
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

interface Known {
  answeredAt: number
  /** what is stored */
  said: MonitorState | null
}

/** Watches whether each host on another machine answers. */
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
    const { db, now } = this.#options
    const said = this.#known.get(name)?.said ?? (await getState(db, keyOf(name)))
    const answers = await client.status().then(
      () => true,
      () => false,
    )
    const answeredAt = answers ? now() : (this.#known.get(name)?.answeredAt ?? now())
    const found = judgeHost({ ...state(), answers, answeredAt }, now())
    this.#known.set(name, { answeredAt, said: found?.state ?? said })
    return found === null || found.state === said ? [] : setMonitor(keyOf(name), found)
  }
}

const keyOf = (name: string): MonitorKey => ({
  ...{ app: null, environment: null, service: null, kind: 'host', name },
})
