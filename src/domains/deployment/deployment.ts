import type { TargetChoice } from '#contract/deployment/target.ts'
import type { Deployment } from '#contract/run/run.ts'

/** What is known of an environment when a deployment has its lock and asks whether it may go on. */
export interface Situation {
  /** the deployment that has the traffic */
  live: Pick<Deployment, 'id' | 'run' | 'configuration'> | null
  /** was the change taken back from this environment, or from one before it */
  heldIn: string | null
}

export type Admission = { go: true } | { go: false; state: 'superseded' | 'failed'; reason: string }

/**
 * May a delivery go into an environment now? The newest good change wins: the lock's queue is
 * ordered by run, so an older run meets a newer one only when that is live already; when the newer
 * one failed, the older still gets its chance.
 */
export function admitDelivery(run: number, situation: Situation): Admission {
  if (situation.heldIn !== null) {
    return {
      go: false,
      state: 'failed',
      reason: `the change was taken back from ${situation.heldIn}; retry the run to deliver it again`,
    }
  }
  const live = situation.live?.run ?? null
  if (live !== null && live > run)
    return {
      go: false,
      state: 'superseded',
      reason: `run ${live} with a newer change is live already`,
    }
  return { go: true }
}

/**
 * May a changed configuration go into an environment now? It was made for what had the traffic
 * then; with what has it by now, be it a newer change or one that was returned to, it has to be put
 * together anew.
 */
export function admitConfiguration(
  own: { run: number; configuration: number },
  { live }: Pick<Situation, 'live'>,
): Admission {
  if (live === null || live.run === own.run) return { go: true }
  const reason =
    live.configuration >= own.configuration
      ? `run ${live.run} went live with the new configuration already`
      : `run ${live.run} has the traffic by now, and gets the new configuration next`
  return { go: false, state: 'superseded', reason }
}

/**
 * A deployment of the past, as the search for a rollback target sees it; newest first, with its
 * artifact still there or not.
 */
export interface PastDeployment {
  id: number
  state: Deployment['state']
  release: number
  sha: string
  live: string | null
  target: TargetChoice
  artifactKept: boolean
}

export type RollbackTarget = { to: number } | { to: null; reason: string }

/**
 * Which deployment a rollback returns to: the newest one that had the traffic and left it in good
 * order (`replaced`), of another release than the live one, whose change is not held, and whose
 * artifact is still there.
 */
export function findRollbackTarget(history: PastDeployment[], held: string[]): RollbackTarget {
  const live = history.find((deployment) => deployment.state === 'live')
  const good = history.filter(
    (deployment) =>
      deployment.state === 'replaced' &&
      deployment.release !== live?.release &&
      !held.includes(deployment.sha),
  )
  if (good.length === 0) {
    return {
      to: null,
      reason: live
        ? 'this is the first release that was live here'
        : 'nothing has been live here yet',
    }
  }
  const kept = good.find((deployment) => deployment.artifactKept)
  return kept
    ? { to: kept.id }
    : { to: null, reason: 'the artifacts of the earlier releases are no longer kept' }
}

/**
 * Crashes within the watch after which a release is taken back; one restart can be an accident of
 * the machine.
 */
const crashesAllowed = 2

/**
 * Should a live release be taken back, from what its host says? No answer is never a reason:
 * unknown is not bad.
 */
export function judgeWatch(
  seen: { state: string; reason: string | null; restarts: number } | null,
): {
  takeBack: boolean
  reason: string
} {
  if (seen === null) return { takeBack: false, reason: 'the host does not answer' }
  if (seen.state === 'failed')
    return { takeBack: true, reason: seen.reason ?? 'it does not stay healthy' }
  if (seen.restarts > crashesAllowed) {
    return {
      takeBack: true,
      reason: seen.reason
        ? `it crashed ${seen.restarts} times: ${seen.reason}`
        : `it crashed ${seen.restarts} times`,
    }
  }
  return { takeBack: false, reason: 'it runs' }
}
