import type { PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type ForgePullRequest, isPreviewName } from '#contract/pull-request/pull-request.ts'

/** A pull request and what there is of it, at one moment. Times are milliseconds since 1970. */
export interface Standing {
  number: number
  isOpen: boolean
  isDraft: boolean
  isFork: boolean
  /** its head; null until that was fetched */
  sha: string | null
  /** the commit that somebody let run as if it were the repository's own */
  approved: string | null
  /** it was opened, opened again or brought back */
  since: number
  /** something happened to it */
  active: number
  /** the newest run of it */
  run: { id: number; sha: string; isTrusted: boolean; created: number } | null
  /** its runs that have not ended */
  openRuns: number[]
  /** it has an environment, or something of one */
  hasPreview: boolean
  /** its head is kept in the app's repository */
  hasHead: boolean
}

export interface Situation {
  /** what fairlead.yaml says on the branch; null while nobody knows */
  settings: PullRequestsFile | null
  /** steps are kept from what is not theirs */
  isConfined: boolean
  now: number
  pulls: Standing[]
}

export type Action =
  | { kind: 'begin'; number: number; sha: string; isTrusted: boolean }
  | { kind: 'cancel'; number: number; run: number }
  | { kind: 'remove'; number: number; reason: string }
  | { kind: 'forget'; number: number }

export type Leave =
  | { run: true; isTrusted: boolean }
  | { run: false; reason: string; asksApproval: boolean }

/** Where nobody knows what the file says. */
const unknownLifetime = 7 * 86_400_000

/**
 * May the head of an open pull request run, and as what: only what could be pushed to the
 * repository, or was approved, is trusted.
 */
export function decideLeave(
  pull: Pick<Standing, 'isDraft' | 'isFork' | 'sha' | 'approved'>,
  settings: PullRequestsFile,
  isConfined: boolean,
): Leave {
  const wait = (reason: string, asksApproval = false): Leave => ({
    run: false,
    reason,
    asksApproval,
  })
  if (!settings.run) return wait('pull requests are switched off in fairlead.yaml')
  if (pull.isDraft && !settings.drafts) return wait('it is a draft')
  if (!pull.isFork) return { run: true, isTrusted: true }
  if (settings.forks === 'never') return wait('heads from other repositories are not run')
  if (pull.approved !== null && pull.approved === pull.sha) return { run: true, isTrusted: true }
  if (settings.forks === 'ask') return wait('it waits for somebody to approve this commit', true)
  if (!isConfined)
    return wait(
      'it waits for somebody to approve this commit, because nothing isolates steps on this machine',
      true,
    )
  return { run: true, isTrusted: false }
}

/**
 * What is to be done so that what exists is what is wanted. It begins what is missing, and takes
 * away what belongs to nothing that is open. What runs is cancelled before its environment is
 * removed, and what is unknown begins nothing and removes nothing, until its lifetime is over.
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
  if (!pull.isOpen || settings?.run === false) {
    if (openRuns.length > 0) return cancel(openRuns)
    const reason = pull.isOpen
      ? 'pull requests are switched off in fairlead.yaml'
      : 'the pull request is closed'
    if (pull.hasPreview) return [{ kind: 'remove', number, reason }]
    return pull.hasHead && !pull.isOpen ? [{ kind: 'forget', number }] : []
  }
  const leave = settings !== null && sha !== null ? decideLeave(pull, settings, isConfined) : null
  const isWanted = leave?.run === true && !covers(run, pull, leave.isTrusted)
  if (leave?.run === true && sha !== null && isWanted)
    return [...cancel(openRuns), { kind: 'begin', number, sha, isTrusted: leave.isTrusted }]
  // A head that gave way to one that may not run yet.
  if (openRuns.length > 0)
    return cancel(openRuns.filter((one) => one !== run?.id || run.sha !== sha))
  if (!pull.hasPreview) return []
  if (settings?.preview.deploy === false)
    return [{ kind: 'remove', number, reason: 'fairlead.yaml asks for no previews' }]
  const lifetime = settings?.preview.lifetime ?? unknownLifetime
  if (now - pull.active <= lifetime) return []
  return [{ kind: 'remove', number, reason: `nothing happened for ${words(lifetime)}` }]
}

/** Is the head run already, as trusted as it may be, since it was wanted. */
const covers = (run: Standing['run'], { sha, since }: Standing, isTrusted: boolean): boolean =>
  run !== null && run.sha === sha && run.created >= since && (run.isTrusted || !isTrusted)

function words(ms: number): string {
  const [count, unit] =
    ms >= 86_400_000
      ? [ms / 86_400_000, 'day']
      : ms >= 3_600_000
        ? [ms / 3_600_000, 'hour']
        : [ms / 60_000, 'minute']
  const shown = Math.round(count * 10) / 10
  return `${shown} ${unit}${shown === 1 ? '' : 's'}`
}

export interface Place {
  app: string
  environment: string
}

/**
 * Environments of pull requests that a host has, and that nothing here knows: a removal that was
 * cut short, or a database from before.
 */
export function decideOrphans(onHost: Place[], known: Place[]): Place[] {
  const keys = new Set(known.map(({ app, environment }) => `${app}/${environment}`))
  return onHost.filter(
    ({ app, environment }) => isPreviewName(environment) && !keys.has(`${app}/${environment}`),
  )
}

/**
 * What it means that an open pull request is seen like this now, or that its forge knows it no more
 * (null).
 */
export function decideSeen(
  seen: Pick<ForgePullRequest, 'state' | 'base'> | null,
  branch: string,
): { state: 'open' | 'merged' | 'closed'; reason: string | null } {
  if (seen === null) return { state: 'closed', reason: 'the forge does not know it any more' }
  if (seen.state === 'merged') return { state: 'merged', reason: `it was merged into ${seen.base}` }
  if (seen.state === 'closed') return { state: 'closed', reason: 'it was closed' }
  if (seen.base !== branch)
    return { state: 'closed', reason: `it is for ${seen.base} now, which is not delivered` }
  return { state: 'open', reason: null }
}
