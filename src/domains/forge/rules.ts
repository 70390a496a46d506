import type { Run } from '#contract/run/run.ts'
import type { CommitStatus, ForgeDeployment } from './client.ts'

type RunState = Run['state']

/** A run or a deployment whose current state the forge does not have yet. */
export interface PendingReport {
  app: string
  /** `commit/SHA/NAME` or `deployment/ID` */
  subject: string
  sha: string
  branch: string
  run: number
  state: string
  reason: string | null
  /** null for a run */
  environment: string | null
  /** it is the last environment of the app */
  isLast: boolean
  /** the deployment has been live */
  wasLive: boolean
  /** of the run; null for a run of the branch */
  pullRequest: number | null
  /** of the environment; null when that was removed */
  port: number | null
  /** the forge's ID of the deployment */
  remote: string | null
}

const statusStates = {
  queued: 'pending',
  running: 'pending',
  suspended: 'pending',
  succeeded: 'success',
  failed: 'failure',
  cancelled: 'error',
  superseded: 'error',
  skipped: 'success',
} as const satisfies Record<RunState, CommitStatus['state']>

/** The state of a deployment in the terms of forges, by its state here. */
export const deploymentStates: Record<string, ForgeDeployment['state']> = {
  waiting: 'pending',
  starting: 'running',
  verifying: 'running',
  canary: 'running',
  switching: 'running',
  live: 'success',
  failed: 'failure',
  cancelled: 'inactive',
  superseded: 'inactive',
  replaced: 'inactive',
  rolled_back: 'failure',
}

/** The status in place of a deployment, for a forge without deployments. */
const deploymentStatusStates = {
  pending: 'pending',
  running: 'pending',
  success: 'success',
  failure: 'failure',
  inactive: 'error',
} as const satisfies Record<ForgeDeployment['state'], CommitStatus['state']>

export type Report =
  | { kind: 'status'; status: CommitStatus }
  | { kind: 'deployment'; deployment: ForgeDeployment }
  /** the forge keeps what it has */
  | { kind: 'nothing' }

/**
 * Decides what to report. A forge without deployments gets a status `fairlead/ENVIRONMENT` for each
 * of them.
 */
export function decideReport(
  pending: PendingReport,
  publicUrl: string,
  hasDeployments: boolean,
): Report {
  const url = `${publicUrl}/runs/${pending.run}`
  const { environment } = pending
  if (environment === null) return { kind: 'status', status: statusOfRun(pending, url) }
  const deployment = toDeployment({ ...pending, environment }, publicUrl, url)
  if (hasDeployments) return { kind: 'deployment', deployment }
  // A deployment that a newer one replaced keeps its success.
  if (deployment.state === 'inactive' && pending.wasLive) return { kind: 'nothing' }
  return {
    kind: 'status',
    status: {
      sha: pending.sha,
      name: `fairlead/${environment}`,
      state: deploymentStatusStates[deployment.state],
      description: deployment.description,
      url: deployment.address ?? url,
    },
  }
}

function statusOfRun({ sha, state, reason, pullRequest }: PendingReport, url: string) {
  const isBranch = pullRequest === null
  const sentences = isBranch ? branchSentences : { ...branchSentences, ...pullRequestSentences }
  return {
    ...{ sha, url, name: isBranch ? 'fairlead' : 'fairlead/pull-request' },
    state: statusStates[state as RunState] ?? 'error',
    description: reason ?? sentences[state as RunState] ?? state,
  }
}

function toDeployment(
  pending: PendingReport & { environment: string },
  publicUrl: string,
  url: string,
): ForgeDeployment {
  const { environment, state, pullRequest, port } = pending
  const hasAddress = pullRequest !== null && port !== null && state === 'live'
  return {
    ...{ key: pending.subject, sha: pending.sha, branch: pending.branch, environment, url },
    isProduction: pending.isLast,
    isTransient: pullRequest !== null,
    address: hasAddress ? `http://${new URL(publicUrl).hostname}:${port}` : null,
    state: deploymentStates[state] ?? 'inactive',
    description: pending.reason ?? `${environment}: ${state}`,
  }
}

const branchSentences: Record<RunState, string> = {
  queued: 'queued',
  running: 'delivery in progress',
  suspended: 'suspended',
  succeeded: 'delivered',
  failed: 'failed',
  cancelled: 'cancelled',
  superseded: 'superseded by a newer change',
  skipped: 'nothing to deliver',
}

const pullRequestSentences: Partial<Record<RunState, string>> = {
  running: 'in progress',
  succeeded: 'passed',
  superseded: 'superseded by a newer head',
}

const maxPauseMs = 600_000
/** Statuses by which a forge refuses one report, not the token or the rate of requests. */
const refusesReport = new Set([400, 403, 404, 405, 409, 410, 422])

/**
 * Milliseconds to wait before the next request after an error: what the forge asked for, or a pause
 * that doubles. Null when the forge only refuses this one report.
 */
export function decidePause(
  refusal: { status: number; pauseMs: number | null } | null,
  failures: number,
  random: () => number,
): number | null {
  const requested = refusal?.pauseMs ?? null
  if (requested !== null) return Math.min(requested, 6 * maxPauseMs)
  if (refusal !== null && refusesReport.has(refusal.status)) return null
  return Math.min(1000 * 2 ** Math.min(failures, 20), maxPauseMs) * (0.75 + 0.5 * random())
}
