import type { TargetChoice } from '#contract/deployment/target.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { InstanceReport, ReleaseReport } from './target.ts'

/** The state of an environment when a deployment has its lock. */
export interface Situation {
  /** the deployment that has the traffic */
  live: Pick<Deployment, 'id' | 'run' | 'configuration'> | null
  /** the environment, this one or an earlier one, in which the change is held; else null */
  heldIn: string | null
}

export type Admission = { go: true } | { go: false; state: 'superseded' | 'failed'; reason: string }

/**
 * Decides whether a delivery may begin. The newest good change wins: the queue for the lock is
 * ordered by run, so an older run finds a newer one only when that is live. When the newer run
 * failed, the older one is still deployed.
 */
export function admitDelivery(run: number, situation: Situation): Admission {
  if (situation.heldIn !== null) {
    return {
      go: false,
      state: 'failed',
      reason:
        `the change was rolled back from ${situation.heldIn}; ` +
        'retry the run to deploy it again',
    }
  }
  const live = situation.live?.run ?? null
  if (live !== null && live > run)
    return {
      go: false,
      state: 'superseded',
      reason: `run ${live} with a newer change is already live`,
    }
  return { go: true }
}

/**
 * Decides whether a changed configuration may be deployed. It was planned with the artifact that
 * was live then; when another run is live now, it must be planned again with that one.
 */
export function admitConfiguration(
  own: { run: number; configuration: number },
  { live }: Pick<Situation, 'live'>,
): Admission {
  if (live === null || live.run === own.run) return { go: true }
  const reason =
    live.configuration >= own.configuration
      ? `run ${live.run} is already live with the new configuration`
      : `run ${live.run} is live now, and gets the new configuration next`
  return { go: false, state: 'superseded', reason }
}

/** A past deployment, as the search for a rollback target sees it. */
export interface PastDeployment {
  id: number
  state: Deployment['state']
  release: number
  sha: string
  live: string | null
  target: TargetChoice
  artifactKept: boolean
  /** Whether its release passed a canary analysis or a whole watch, or had neither. */
  isProven: boolean
  /** False when a command before a later release has changed what this one works with. */
  isCompatible: boolean
}

export type RollbackTarget = { to: number } | { to: null; reason: string }

/**
 * Finds the deployment that a rollback returns to: the newest one with a proven release that was
 * replaced, with another release than the live one, a change that is not held, and an artifact that
 * still exists. Without a proven one, the newest of the others. `running` is a deployment that
 * still runs, and is preferred. One that is not compatible is only chosen when all others are not,
 * either. The history is ordered newest first.
 */
export function findRollbackTarget(
  history: PastDeployment[],
  held: string[],
  running: number | null = null,
): RollbackTarget {
  const live = history.find((deployment) => deployment.state === 'live')
  // A rollback may have passed over newer releases that were not proven.
  const first = history.findLast(({ release }) => release === live?.release)?.id ?? Infinity
  const good = history.filter(
    (deployment) =>
      deployment.state === 'replaced' && deployment.id < first && !held.includes(deployment.sha),
  )
  if (good.length === 0) {
    return {
      to: null,
      reason: live
        ? 'this is the first release that was live here'
        : 'nothing has been live here yet',
    }
  }
  const kept = good.filter((deployment) => deployment.artifactKept)
  const compatible = kept.filter((deployment) => deployment.isCompatible)
  const possible = compatible.length > 0 ? compatible : kept
  const best =
    possible.find((deployment) => deployment.id === running) ??
    possible.find((deployment) => deployment.isProven) ??
    possible[0]
  return best
    ? { to: best.id }
    : { to: null, reason: 'the artifacts of the earlier releases were removed' }
}

/** Restarts allowed during the watch; a single one may be an accident of the machine. */
const crashesAllowed = 2

type WatchedRelease = Pick<ReleaseReport, 'state' | 'reason'> & {
  instances: Pick<InstanceReport, 'host' | 'service' | 'index' | 'restarts' | 'reason'>[]
}

const instanceOf = ({ host, service, index }: WatchedRelease['instances'][number]): string =>
  `${host === undefined ? '' : `${host}/`}${service}.${index}`

/** How often each instance of a release has been restarted, by host, service and index. */
export const restartsOf = (report: Pick<WatchedRelease, 'instances'>): Record<string, number> =>
  Object.fromEntries(report.instances.map((one) => [instanceOf(one), one.restarts]))

/**
 * Decides whether a watched release is rolled back. `before` holds the restarts from before the
 * watch, when the release was starting. A missing report is never a reason.
 */
export function judgeWatch(
  seen: WatchedRelease | null,
  before: Record<string, number>,
): {
  takeBack: boolean
  reason: string
} {
  if (seen === null) return { takeBack: false, reason: 'the target does not answer' }
  const crashes = (one: WatchedRelease['instances'][number]): number =>
    one.restarts - (before[instanceOf(one)] ?? 0)
  const worst = seen.instances.toSorted((a, b) => crashes(b) - crashes(a))[0]
  const reason = seen.reason ?? worst?.reason ?? null
  if (seen.state === 'failed')
    return { takeBack: true, reason: reason ?? 'it does not stay healthy' }
  const count = worst ? crashes(worst) : 0
  if (count > crashesAllowed) {
    const sentence = `it crashed ${count} times`
    return { takeBack: true, reason: reason ? `${sentence}: ${reason}` : sentence }
  }
  return { takeBack: false, reason: 'it is healthy' }
}
