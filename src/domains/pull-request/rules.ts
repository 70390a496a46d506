import type { PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type ForgePullRequest, isPreviewName } from '#contract/pull-request/pull-request.ts'

/** A pull request and everything that exists for it. Times are milliseconds since 1970. */
export interface Standing {
  number: number
  isOpen: boolean
  isDraft: boolean
  isFork: boolean
  /** head; null until it is fetched */
  sha: string | null
  /** the commit that may run with secrets */
  approved: string | null
  /** when it was opened, reopened, or its run was requested */
  since: number
  /** latest activity */
  active: number
  /** its newest run */
  run: { id: number; sha: string; isTrusted: boolean; created: number } | null
  /** its runs that have not ended */
  openRuns: number[]
  hasPreview: boolean
  /** its head is in the app's repository */
  hasHead: boolean
}

export interface Situation {
  /** from fairlead.yaml on the branch; null when the file cannot be read */
  settings: PullRequestsFile | null
  /** steps are isolated from the server and from each other */
  isConfined: boolean
  now: number
  pulls: Standing[]
}

export type Action =
  | { kind: 'start'; number: number; sha: string; isTrusted: boolean }
  | { kind: 'cancel'; number: number; run: number }
  | { kind: 'removePreview'; number: number; reason: string }
  | { kind: 'deleteHead'; number: number }

export type RunDecision =
  | { run: true; isTrusted: boolean }
  | { run: false; reason: string; asksApproval: boolean }

/** Lifetime of a preview when fairlead.yaml cannot be read. */
const defaultLifetime = 7 * 86_400_000
const switchedOff = 'pull requests are disabled in fairlead.yaml'

/**
 * Decides whether the head of an open pull request may run. Only a commit that its author could
 * push to the repository, or that was approved, is trusted with secrets.
 */
export function decideRun(
  pull: Pick<Standing, 'isDraft' | 'isFork' | 'sha' | 'approved'>,
  settings: PullRequestsFile,
  isConfined: boolean,
): RunDecision {
  const wait = (reason: string, asksApproval = false): RunDecision => ({
    run: false,
    reason,
    asksApproval,
  })
  if (!settings.run) return wait(switchedOff)
  if (pull.isDraft && !settings.drafts) return wait('it is a draft')
  if (!pull.isFork) return { run: true, isTrusted: true }
  if (settings.forks === 'never') return wait('pull requests from forks do not run')
  if (pull.approved !== null && pull.approved === pull.sha) return { run: true, isTrusted: true }
  if (settings.forks === 'ask') return wait('this commit needs an approval to run', true)
  if (!isConfined)
    return wait(
      'this commit needs an approval to run, because steps are not isolated on this machine',
      true,
    )
  return { run: true, isTrusted: false }
}

/**
 * Decides what to do so that exactly the wanted runs and previews exist. Each pull request is
 * decided by itself. A run is cancelled before its environment is removed. Without settings,
 * nothing starts, and a preview stays until its lifetime ends.
 */
export function decide({ settings, isConfined, now, pulls }: Situation): Action[] {
  return pulls.flatMap((pull) => decideOne(pull, settings, isConfined, now))
}

function decideOne(
  pull: Standing,
  settings: PullRequestsFile | null,
  isConfined: boolean,
  now: number,
): Action[] {
  const { number, sha, run, openRuns } = pull
  const cancel = (runs: number[]): Action[] =>
    runs.map((one) => ({ kind: 'cancel', number, run: one }))
  if (!pull.isOpen || settings?.run === false) return decideEnd(pull, cancel(openRuns))
  const decision = settings !== null && sha !== null ? decideRun(pull, settings, isConfined) : null
  if (decision?.run === true && sha !== null && !isCovered(pull, decision.isTrusted))
    return [...cancel(openRuns), { kind: 'start', number, sha, isTrusted: decision.isTrusted }]
  // A run of an older head, when the newer one may not run yet.
  if (openRuns.length > 0)
    return cancel(openRuns.filter((one) => one !== run?.id || run.sha !== sha))
  if (!pull.hasPreview) return []
  if (settings?.preview.deploy === false)
    return [{ kind: 'removePreview', number, reason: 'previews are disabled in fairlead.yaml' }]
  const lifetime = settings?.preview.lifetime ?? defaultLifetime
  if (now - pull.active <= lifetime) return []
  const reason = `there was no activity for ${durationOf(lifetime)}`
  return [{ kind: 'removePreview', number, reason }]
}

/** For a pull request that is closed or disabled. */
function decideEnd({ number, isOpen, hasPreview, hasHead }: Standing, cancel: Action[]): Action[] {
  if (cancel.length > 0) return cancel
  const reason = isOpen ? switchedOff : 'the pull request was closed'
  if (hasPreview) return [{ kind: 'removePreview', number, reason }]
  return hasHead && !isOpen ? [{ kind: 'deleteHead', number }] : []
}

/** Whether the newest run covers the head: requested since, and trusted if the head may be. */
const isCovered = ({ run, sha, since }: Standing, isTrusted: boolean): boolean =>
  run !== null && run.sha === sha && run.created >= since && (run.isTrusted || !isTrusted)

function durationOf(ms: number): string {
  const [count, unit] =
    ms >= 86_400_000
      ? [ms / 86_400_000, 'day']
      : ms >= 3_600_000
        ? [ms / 3_600_000, 'hour']
        : [ms / 60_000, 'minute']
  const rounded = Math.round(count * 10) / 10
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`
}

export interface EnvironmentKey {
  app: string
  environment: string
}

/**
 * The preview environments of a host that the database does not have: left by an interrupted
 * removal, or by a database that was restored from a backup.
 */
export function decideOrphans(
  onHost: EnvironmentKey[],
  inDatabase: EnvironmentKey[],
): EnvironmentKey[] {
  const keys = new Set(inDatabase.map(({ app, environment }) => `${app}/${environment}`))
  return onHost.filter(
    ({ app, environment }) => isPreviewName(environment) && !keys.has(`${app}/${environment}`),
  )
}

/**
 * The new state of a pull request that was open, from what its forge reports now; null when the
 * forge no longer has it.
 */
export function decideState(
  reported: Pick<ForgePullRequest, 'state' | 'base'> | null,
  branch: string,
): { state: 'open' | 'merged' | 'closed'; reason: string | null } {
  if (reported === null)
    return { state: 'closed', reason: 'it no longer exists at the Git provider' }
  const { state, base } = reported
  if (state === 'merged') return { state, reason: `it was merged into ${base}` }
  if (state === 'closed') return { state, reason: 'it was closed' }
  if (base !== branch)
    return { state: 'closed', reason: `its base is now ${base}, which is not delivered` }
  return { state: 'open', reason: null }
}
