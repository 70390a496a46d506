import type { CheckResult, CheckState } from '#contract/monitor/check.ts'
import type { MonitorHost } from '#contract/monitor/monitor.ts'
import type { MonitorSettings } from './plan.ts'

/** What one host says of a monitor that several check. */
export interface Vote extends MonitorHost {
  /** its last check */
  result: CheckResult
  /** when the state began, and the last check before; milliseconds since 1970 */
  since: number
  before: number | null
}

/**
 * The vote of a host after another result; undefined before there is one. Checks in a row confirm a
 * new state. A host that cannot tell says so at once, as does one whose first check is up. Pure.
 */
export function nextVote(
  vote: Vote | undefined,
  host: string,
  result: CheckResult,
  { failures, recoveries }: Pick<MonitorSettings, 'failures' | 'recoveries'>,
): Vote | undefined {
  const { state, reason, since, before, streak } = result
  const isSame = vote !== undefined && isBad(state) === isBad(vote.state) && state !== 'up'
  const needed =
    state === 'unknown' ? 1 : state === 'up' ? (vote ? recoveries : 1) : isSame ? 1 : failures
  if (streak >= needed) return { host, state, reason, result, since, before }
  return vote && { ...vote, result }
}

const isBad = (state: CheckState): boolean => state === 'down' || state === 'degraded'

/**
 * What hosts say together, as one result that needs no further confirmation. It is down when more
 * than half of the hosts that can tell say so; when fewer do, it is degraded. Hosts that reach
 * nothing or do not answer are left out. Null while a host has no vote yet. Pure.
 */
export function countVotes(id: number, all: readonly (Vote | undefined)[]): CheckResult | null {
  const votes = all.filter((one) => one !== undefined)
  if (votes.length < all.length || votes.length === 0) return null
  const known = votes.filter(({ state }) => state !== 'unknown')
  const bad = known.filter(({ state }) => isBad(state)).toSorted((a, b) => a.since - b.since)
  const down = bad.filter(({ state }) => state === 'down')
  const quorum = Math.floor(known.length / 2) + 1
  const isDown = down.length >= quorum
  // The harm began when enough hosts saw it.
  const first = isDown ? down[quorum - 1] : bad[0]
  const { since, before } = first ?? { since: 0, before: null }
  return {
    ...{ id, number: 0, entities: [], streak: Infinity, since, before },
    state: known.length === 0 ? 'unknown' : isDown ? 'down' : first ? 'degraded' : 'up',
    reason: reasonOf(votes, known, bad),
    at: confirmedAt(votes),
    took: Math.max(...votes.map(({ result }) => result.took)),
  }
}

/** Until when the votes say what was found; a result that is not confirmed yet ends that time. */
function confirmedAt(votes: readonly Vote[]): number {
  const open = votes.flatMap(({ state, result }) =>
    isBad(result.state) === isBad(state) ? [] : [result.since - 1],
  )
  return Math.min(...(open.length > 0 ? open : [Math.max(...votes.map(({ result }) => result.at))]))
}

function reasonOf(all: readonly Vote[], known: readonly Vote[], bad: readonly Vote[]): string {
  const silent = all.filter(({ state }) => state === 'unknown')
  if (known.length === 0)
    return `no host can tell: ${silent.map(({ host, reason }) => `${host}: ${reason}`).join('; ')}`
  const [first] = bad.toSorted((a, b) => Number(b.state === 'down') - Number(a.state === 'down'))
  if (!first) return ''
  const counts = (['down', 'degraded'] as const).flatMap((state) => {
    const count = bad.filter((one) => one.state === state).length
    return count === 0 ? [] : [`${state} from ${count}`]
  })
  const hosts = `${known.length} ${known.length === 1 ? 'host' : 'hosts'}`
  const where = `${counts.join(' and ')} of ${hosts} (${namesOf(bad)})`
  const rest = silent.length === 0 ? '' : `; nothing is known from ${namesOf(silent)}`
  return `${where}: ${first.reason}${rest}`
}

const namesOf = (votes: readonly Vote[]): string => votes.map(({ host }) => host).join(', ')
