import type { CheckResult } from '#contract/monitor/check.ts'
import type { MonitorHost } from '#contract/monitor/monitor.ts'
import { everyHost } from '#contract/pipeline-file/monitor-file.ts'
import type { CheckedMonitor } from '#domains/monitor/judge.ts'
import { countVotes, nextVote, type Vote } from '#domains/monitor/quorum.ts'
import { localHost } from '#flows/host/every-host.ts'

/** The hosts that check a monitor. `place` runs its environment; `all` are those that exist. */
export function hostsOf(
  { settings: { from } }: Pick<CheckedMonitor, 'settings'>,
  place: string,
  all: readonly string[],
): string[] {
  if (!from || from.length === 0) return [place]
  return [...new Set(from.includes(everyHost) ? [localHost, ...all] : from)]
}

/** What the hosts of `from` said of each monitor. */
export class HostVotes {
  #votes = new Map<number, Map<string, Vote | undefined>>()

  /** Which hosts check which monitors. A host that stays keeps its vote. */
  set(hosts: ReadonlyMap<number, string[]>): void {
    this.#votes = new Map(
      [...hosts].map(([id, names]) => [
        id,
        new Map(names.map((name) => [name, this.#votes.get(id)?.get(name)])),
      ]),
    )
  }

  /** Whether several hosts check it. */
  has(id: number): boolean {
    return this.#votes.has(id)
  }

  /** Adds a result of a host; returns what the hosts say together, null for not enough. */
  add(
    { id, settings }: Pick<CheckedMonitor, 'id' | 'settings'>,
    host: string,
    result: CheckResult,
  ): CheckResult | null {
    const votes = this.#votes.get(id)
    if (!votes?.has(host)) return null
    votes.set(host, nextVote(votes.get(host), host, result, settings))
    return countVotes(id, [...votes.values()])
  }

  /** Each host with what it says, as it is shown; before that, what was shown before. */
  shown(id: number, before: readonly MonitorHost[]): MonitorHost[] {
    return [...(this.#votes.get(id) ?? [])].map(([host, vote]) => {
      if (vote) return { host, state: vote.state, reason: vote.reason }
      const known = before.find((one) => one.host === host)
      return known ?? { host, state: 'unknown', reason: 'it has not been checked there yet' }
    })
  }
}
