import type { Batch } from '#contract/verdict/verdict.ts'

import type { AskedHost, CountPlace } from './remote-host.ts'
import { type EnvironmentReference, missingRelease, type ReleaseReport } from './target.ts'

/**
 * The rules by which several hosts of one environment act as one target. Pure.
 */

/** What one of the hosts says; null when it does not answer. */
export interface HostAnswer<T> {
  host: string
  answer: T | null
}

/** The first of these states that a release has on any host is its state. */
const worstFirst = ['failed', 'missing', 'stopped', 'stopping', 'starting', 'ready'] as const

/**
 * The state of a release over its hosts; null when it is not known. Before the release has the
 * traffic, every host must answer. Once a host routes to it, one that is away, or that does not
 * have it yet, does not hide what the others say.
 */
export function mergeReports(answers: HostAnswer<ReleaseReport>[]): ReleaseReport | null {
  const known = answers.flatMap(({ host, answer }) => (answer ? [{ host, ...answer }] : []))
  const isLive = known.some(({ routed }) => routed)
  if (known.length === 0 || (!isLive && known.length < answers.length)) return null
  const counted = isLive ? known.filter(({ state }) => state !== 'missing') : known
  const state = worstFirst.find((one) => counted.some((report) => report.state === one))
  const said = (words: string | null, host: string): string | null =>
    words && `${words} (on ${host})`
  const blamed = counted.find((one) => one.state === state && one.reason !== null)
  const crashed = counted.find(({ lastCrash }) => lastCrash !== null)
  const closed = counted.find(({ portProblem }) => portProblem !== undefined)
  const before = counted.find((one) => one.before !== undefined)?.before
  const addresses = counted.flatMap(({ host, address }) => (address ? [{ host, address }] : []))
  return {
    ...missingRelease,
    ...{ state: state ?? 'missing', reason: blamed ? said(blamed.reason, blamed.host) : null },
    routed: counted.every(({ routed }) => routed),
    ...{ address: addresses[0]?.address ?? null, addresses },
    crashes: counted.reduce((sum, { crashes }) => sum + crashes, 0),
    lastCrash: crashed ? said(crashed.lastCrash, crashed.host) : null,
    settleMs: Math.max(...counted.map(({ settleMs }) => settleMs)),
    instances: counted.flatMap(({ host, instances }) => instances.map((one) => ({ ...one, host }))),
    ...(closed?.portProblem && { portProblem: `${closed.portProblem} (on ${closed.host})` }),
    ...(before && { before }),
  }
}

/**
 * Why the traffic cannot be switched to a release; null when every host can do it at once. A host
 * that has the release ready, or that routes to it already, can.
 */
export function switchProblem(answers: HostAnswer<ReleaseReport>[]): string | null {
  const unable = answers.find(
    ({ answer }) => answer === null || (answer.state !== 'ready' && !answer.routed),
  )
  if (unable === undefined) return null
  const { host, answer } = unable
  const why = answer === null ? 'does not answer' : `says that the release is ${answer.state}`
  return `${host} ${why}${answer?.reason ? `: ${answer.reason}` : ''}`
}

/** How many counts were read at a place: it only grows. */
export const totalOf = (place: CountPlace): number =>
  Object.values(place).reduce((sum, one) => sum + one, 0)

/** The counts of one edge after a place. */
export interface HostCounts {
  host: string
  batches: Batch[]
  pending?: Batch[] | undefined
  next: CountPlace
}

/** The counts of all edges as those of one, by time. */
export function mergeCounts(counts: HostCounts[]): Omit<HostCounts, 'host'> {
  const byTime = (batches: Batch[]): Batch[] => batches.toSorted((a, b) => a.at - b.at)
  const pending = counts.flatMap((one) => one.pending ?? [])
  return {
    batches: byTime(counts.flatMap(({ batches }) => batches)),
    ...(pending.length === 0 ? {} : { pending: byTime(pending) }),
    next: Object.fromEntries(counts.map(({ host, next }) => [host, totalOf(next)])),
  }
}

/** What a host has of an environment, as its status says. */
export interface HeldRelease {
  release: number
  state: string
  routed: boolean
}

/** What brings a host to what should be, in this order. */
export interface CatchUp {
  /** the release to start there and to give the traffic; null when it has it */
  switchTo: number | null
  /** the releases to stop */
  stop: number[]
  /** whether nothing of the environment should be there */
  isRemoved: boolean
}

/**
 * Compares what a host holds of an environment with what is live; null when it is right. Only valid
 * while no deployment of the environment is under way.
 */
export function catchUpOf(live: number | null, held: HeldRelease[]): CatchUp | null {
  if (live === null)
    return held.some(({ routed }) => routed) ? { switchTo: null, stop: [], isRemoved: true } : null
  const isSwitched = held.some(({ release, routed }) => release === live && routed)
  const stop = held
    .filter(({ release, state }) => release !== live && state !== 'stopped' && state !== 'failed')
    .map(({ release }) => release)
  if (isSwitched && stop.length === 0) return null
  return { switchTo: isSwitched ? null : live, stop, isRemoved: false }
}

/**
 * The hosts that a deployment goes on without: those that are drained, and those that are away for
 * longer than they may be, unless no other is left.
 */
export function leftOut(hosts: AskedHost[], patienceMs: number): string[] {
  const serving = hosts.filter(({ isDrained }) => !isDrained)
  const away = serving.filter(({ awayMs }) => awayMs !== null && awayMs >= patienceMs)
  const isGone = (one: AskedHost): boolean =>
    one.isDrained || (away.length < serving.length && away.includes(one))
  return hosts.filter(isGone).map(({ name }) => name)
}

/** An environment, and the hosts of what is live there. */
export interface HostedPlace {
  app: string
  environment: string
  hosts: string[]
}

/** An environment with several hosts, and what is live there. */
export interface LivePlace extends HostedPlace {
  release: number
}

/** The environments whose live release a host that answers does not serve, though it should. */
export const behindOf = (
  host: string,
  places: LivePlace[],
  held: (HeldRelease & EnvironmentReference)[],
): LivePlace[] =>
  places.filter(
    ({ app, environment, release, hosts }) =>
      hosts.length > 1 &&
      hosts.includes(host) &&
      !held.some(
        (one) =>
          one.routed &&
          one.release === release &&
          one.app === app &&
          one.environment === environment,
      ),
  )

/**
 * What it does to drain a host: the environments that it leaves, those among them that no other
 * host would serve, and those that are on this host only and stay.
 */
export function effectOfDrain(
  host: string,
  places: HostedPlace[],
  isServing: (host: string) => boolean,
): Record<'leaves' | 'unserved' | 'stays', HostedPlace[]> {
  const here = places.filter(({ hosts }) => hosts.includes(host))
  const leaves = here.filter(({ hosts }) => hosts.length > 1)
  const isServed = ({ hosts }: HostedPlace): boolean =>
    hosts.some((one) => one !== host && isServing(one))
  return {
    leaves,
    unserved: leaves.filter((place) => !isServed(place)),
    stays: here.filter(({ hosts }) => hosts.length === 1),
  }
}
