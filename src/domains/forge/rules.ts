import type { Run } from '#contract/run/run.ts'
import type { CommitStatus, ForgeDeployment } from './client.ts'

type RunState = Run['state']

/** A run or a deployment whose forge was told something else so far. */
export interface PendingReport {
  app: string
  /** what the forge was told of it under: `commit/SHA/NAME` or `deployment/ID` */
  subject: string
  sha: string
  branch: string
  run: number
  state: string
  reason: string | null
  /** null for a run */
  environment: string | null
  isLast: boolean
  wasLive: boolean
  /** the pull request whose head it is, or in whose environment it is */
  pullRequest: number | null
  /** of its environment, while that is there */
  port: number | null
  /** the forge's own id */
  remote: string | null
}

const ofRun = {
  queued: 'pending',
  running: 'pending',
  succeeded: 'success',
  failed: 'failure',
  cancelled: 'error',
  superseded: 'error',
  skipped: 'success',
} as const satisfies Record<RunState, CommitStatus['state']>

/** What a deployment is to forges, by its state here. */
export const ofDeployment: Record<string, ForgeDeployment['state']> = {
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

export type Told =
  | { kind: 'status'; status: CommitStatus }
  | { kind: 'deployment'; deployment: ForgeDeployment }
  /** there is nothing to say of it */
  | { kind: 'nothing' }

/**
 * What to tell a forge. One that knows no deployments is told them as statuses,
 * `fairlead/ENVIRONMENT`.
 */
export function decideReport(
  one: PendingReport,
  publicUrl: string,
  knowsDeployments: boolean,
): Told {
  const { sha, environment, state, reason } = one
  const url = `${publicUrl}/runs/${one.run}`
  if (environment === null) {
    const words = one.pullRequest === null ? runWords : { ...runWords, ...headWords }
    const description = reason ?? words[state as RunState] ?? state
    const name = one.pullRequest === null ? 'fairlead' : 'fairlead/pull-request'
    return {
      kind: 'status',
      status: { sha, name, state: ofRun[state as RunState] ?? 'error', description, url },
    }
  }
  const mapped = ofDeployment[state] ?? 'inactive'
  const description = reason ?? `${environment}: ${state}`
  const isThere = one.pullRequest !== null && one.port !== null && state === 'live'
  const preview = isThere ? `http://${new URL(publicUrl).hostname}:${one.port}` : null
  if (knowsDeployments)
    return {
      kind: 'deployment',
      deployment: {
        key: one.subject,
        sha,
        branch: one.branch,
        environment,
        isProduction: one.isLast,
        isTransient: one.pullRequest !== null,
        address: preview,
        state: mapped,
        description,
        url,
      },
    }
  // What was live there, and is no more, was good all the same.
  if (mapped === 'inactive' && one.wasLive) return { kind: 'nothing' }
  const asStatus = {
    pending: 'pending',
    running: 'pending',
    success: 'success',
    failure: 'failure',
    inactive: 'error',
  } as const
  return {
    kind: 'status',
    status: {
      sha,
      name: `fairlead/${environment}`,
      state: asStatus[mapped],
      description,
      url: preview ?? url,
    },
  }
}

const runWords: Record<RunState, string> = {
  queued: 'waits for its turn',
  running: 'on its way to production',
  succeeded: 'is in production',
  failed: 'failed',
  cancelled: 'was cancelled',
  superseded: 'gave way to a newer change',
  skipped: 'has nothing to deliver',
}

const headWords: Partial<Record<RunState, string>> = {
  running: 'is being tried',
  succeeded: 'passed',
  superseded: 'gave way to a newer head',
}

const longestPauseMs = 600_000

/**
 * What a refusal means: null when only this one thing is not taken, else for how long the forge is
 * left alone, in milliseconds.
 */
export function decidePause(
  refusal: { status: number; pauseMs: number | null } | null,
  failures: number,
  random: () => number,
): number | null {
  const asked = refusal?.pauseMs ?? null
  if (asked !== null) return Math.min(asked, 6 * longestPauseMs)
  if (refusal !== null && [400, 403, 404, 405, 409, 410, 422].includes(refusal.status)) return null
  return Math.min(1000 * 2 ** Math.min(failures, 20), longestPauseMs) * (0.75 + 0.5 * random())
}
