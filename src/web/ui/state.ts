import type { Environment, Instance } from '#contract/environment/environment.ts'
import type { WebhookState } from '#contract/webhook/webhook.ts'
import type { Deployment, Run, Step } from '#contract/run/run.ts'

export type RunState = Run['state']
export type StepState = Step['state']
export type DeploymentState = Deployment['state']

/** The kinds of state in the console. Each has its own icon and colour. */
export type Tone =
  | 'good'
  | 'bad'
  | 'warn'
  | 'move'
  | 'wait'
  | 'unknown'
  | 'none'
  | 'passed-over'
  | 'stopped'
  | 'back'
  | 'fact'

/** A state as it is shown: an icon and a word. */
export interface Badge {
  tone: Tone
  word: string
}

export const runBadges: Record<RunState, Badge> = {
  queued: { tone: 'wait', word: 'Queued' },
  running: { tone: 'move', word: 'Running' },
  suspended: { tone: 'bad', word: 'Suspended' },
  succeeded: { tone: 'good', word: 'Succeeded' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'stopped', word: 'Cancelled' },
  superseded: { tone: 'passed-over', word: 'Superseded' },
  skipped: { tone: 'passed-over', word: 'Skipped' },
}

/** The state of a run. While all its deployments that have not ended wait, it is not running. */
export function badgeOfRun(
  state: RunState,
  deployments: readonly { state: DeploymentState }[],
): Badge {
  const open = deployments.filter((one) => isInProgress(one.state))
  const onlyWaits = open.length > 0 && open.every((one) => one.state === 'waiting')
  return state === 'running' && onlyWaits ? { tone: 'wait', word: 'Waiting' } : runBadges[state]
}

export const webhookBadges: Record<WebhookState, Badge> = {
  pending: { tone: 'move', word: 'Pending' },
  done: { tone: 'good', word: 'Done' },
  ignored: { tone: 'passed-over', word: 'Ignored' },
  failed: { tone: 'bad', word: 'Failed' },
}

export const stepBadges: Record<StepState, Badge> = {
  waiting: { tone: 'wait', word: 'Waiting' },
  running: { tone: 'move', word: 'Running' },
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'stopped', word: 'Cancelled' },
  skipped: { tone: 'passed-over', word: 'Skipped' },
}

export const deploymentBadges: Record<DeploymentState, Badge> = {
  waiting: { tone: 'wait', word: 'Waiting' },
  starting: { tone: 'move', word: 'Starting' },
  verifying: { tone: 'move', word: 'Verifying' },
  canary: { tone: 'move', word: 'Canary' },
  switching: { tone: 'move', word: 'Switching' },
  live: { tone: 'good', word: 'Live' },
  replaced: { tone: 'none', word: 'Replaced' },
  failed: { tone: 'bad', word: 'Failed' },
  rolled_back: { tone: 'back', word: 'Rolled back' },
  superseded: { tone: 'passed-over', word: 'Superseded' },
  cancelled: { tone: 'stopped', word: 'Cancelled' },
}

export const healthBadges: Record<Environment['health'], Badge> = {
  healthy: { tone: 'good', word: 'Healthy' },
  unhealthy: { tone: 'bad', word: 'Unhealthy' },
  empty: { tone: 'none', word: 'Empty' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}

export const instanceBadges: Record<Instance['state'], Badge> = {
  starting: { tone: 'move', word: 'Starting' },
  healthy: { tone: 'good', word: 'Healthy' },
  unhealthy: { tone: 'bad', word: 'Unhealthy' },
  stopping: { tone: 'stopped', word: 'Stopping' },
  backoff: { tone: 'warn', word: 'Restarting' },
  stopped: { tone: 'none', word: 'Stopped' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}

export const crashLoopBadge: Badge = { tone: 'bad', word: 'Crash loop' }

/** Whether a deployment is still in progress. */
export const isInProgress = (state: DeploymentState): boolean =>
  state === 'waiting' ||
  state === 'starting' ||
  state === 'verifying' ||
  state === 'canary' ||
  state === 'switching'

export const isActive = (state: RunState): boolean =>
  state === 'queued' || state === 'running' || state === 'suspended'

export const shortSha = (sha: string): string => sha.slice(0, 7)

/** The first line of a text without its full stop, to continue a sentence. */
export const firstLine = (text: string): string => (text.split('\n')[0] ?? '').replace(/\.$/, '')

/** The first line of a text as a sentence. A name at its start, such as a file, stays as it is. */
export const asSentence = (text: string): string => {
  const line = firstLine(text)
  const isWord = /^[a-z]+( |,|$)/.test(line)
  return `${isWord ? line.charAt(0).toUpperCase() + line.slice(1) : line}.`
}
