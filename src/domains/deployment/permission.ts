import type { Decision } from '#contract/deployment/decision.ts'
import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { Cron } from 'croner'

type Freeze = EnvironmentFile['freeze'][number]
type Approve = NonNullable<EnvironmentFile['approve']>

/**
 * The freezes and approvals that apply to a deployment: those of the change and those of the live
 * release, so that a change cannot remove its own.
 */
export interface Rules {
  freezes: Freeze[]
  approvals: Approve[]
}

export function rulesOf(...files: (Partial<EnvironmentFile> | undefined)[]): Rules {
  const unique = <T>(all: T[]): T[] => [
    ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
  ]
  return {
    freezes: unique(files.flatMap((file) => file?.freeze ?? [])),
    approvals: unique(files.flatMap((file) => file?.approve ?? [])),
  }
}

export interface Situation {
  rules: Rules
  /** an authenticated user pushed the change, or made the configuration */
  hasKnownAuthor: boolean
  decisions: Decision[]
  /** a later deployment of the same kind that waits for the environment */
  later: number | null
  /** when the deployment was created, in milliseconds since 1970 */
  asked: number
  now: number
}

export type PermissionAnswer =
  | { go: true }
  | { go: false; end: 'failed' | 'superseded'; reason: string }
  | { go: false; end: null; blocked: 'freeze' | 'approval'; reason: string }

/**
 * Decides whether a deployment may begin. A freeze is reported before a missing approval; approvals
 * are accepted during a freeze. Two people must approve a change that nobody known has pushed: one
 * of them may be the person who wrote it.
 */
export function decidePermission({
  rules,
  hasKnownAuthor,
  decisions,
  later,
  asked,
  now,
}: Situation): PermissionAnswer {
  const refusal = decisions.find(({ kind }) => kind === 'refuse')
  if (refusal)
    return {
      go: false,
      end: 'failed',
      reason: `${refusal.actor} refused it${refusal.comment ? `: ${refusal.comment}` : ''}`,
    }
  const frozen = decisions.some(({ kind }) => kind === 'override')
    ? null
    : frozenUntil(rules.freezes, now)
  const approvals = decisions.filter(({ kind }) => kind === 'approve').map(({ actor }) => actor)
  const missing = rules.approvals.filter((approve) => countOf(approve, approvals) < approve.count)
  const people = new Set(approvals.map((actor) => actor.toLowerCase())).size
  const isOneTooFew = rules.approvals.length > 0 && !hasKnownAuthor && people < 2
  if (frozen === null && missing.length === 0 && !isOneTooFew) return { go: true }
  if (later !== null)
    return { go: false, end: 'superseded', reason: `deployment ${later} has a newer change` }
  if (frozen)
    return {
      go: false,
      end: null,
      blocked: 'freeze',
      reason: `frozen until ${inWords(frozen.until)}${frozen.reason ? `: ${frozen.reason}` : ''}`,
    }
  const pending = missing.length > 0 ? missing : rules.approvals
  const expires = asked + Math.min(...pending.map((one) => one.expires))
  if (now >= expires)
    return {
      go: false,
      end: 'failed',
      reason: `it was not approved by ${inWords(expires)}`,
    }
  return {
    go: false,
    end: null,
    blocked: 'approval',
    reason: reasonOf(missing, approvals, isOneTooFew),
  }
}

function reasonOf(missing: Approve[], approvals: string[], isOneTooFew: boolean): string {
  const waits =
    missing.length > 0
      ? missing.map((one) => pendingApproval(one, approvals)).join(', and ')
      : 'waits for approval by another operator'
  return isOneTooFew
    ? `${waits}; two people must approve it, because no user is known who pushed it`
    : waits
}

const countOf = ({ by }: Approve, approvals: string[]): number =>
  approvals.filter((actor) => by.length === 0 || by.includes(actor)).length

function pendingApproval(approve: Approve, approvals: string[]): string {
  const count = approve.count - countOf(approve, approvals)
  const who =
    approve.by.length === 0
      ? count === 1
        ? 'an operator'
        : `${count} operators`
      : count === approve.by.length
        ? approve.by.join(' and ')
        : `${count} of ${approve.by.join(', ')}`
  return `waits for approval by ${who}`
}

const inWords = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** The end of the freeze in force that ends last, in milliseconds since 1970; null for none. */
export function frozenUntil(
  freezes: Freeze[],
  now: number,
): { until: number; reason: string } | null {
  const ends = freezes.flatMap((freeze) => {
    const until = endOf(freeze, now)
    return until === null ? [] : [{ until, reason: freeze.reason }]
  })
  return ends.toSorted((a, b) => b.until - a.until)[0] ?? null
}

function endOf(
  { from, until, cron, for: length, zone = 'UTC' }: Freeze,
  now: number,
): number | null {
  if (from !== undefined && until !== undefined)
    return now >= Date.parse(from) && now < Date.parse(until) ? Date.parse(until) : null
  if (cron === undefined || length === undefined) return null
  // Occurrences may overlap: the last one that began ends last.
  const [begin] = new Cron(cron, { paused: true, timezone: zone, mode: '5-part' }).previousRuns(
    1,
    new Date(now + 1),
  )
  return begin !== undefined && begin.getTime() <= now && begin.getTime() + length > now
    ? begin.getTime() + length
    : null
}

const isSame = (one: string, other: string | null | undefined): boolean =>
  one.toLowerCase() === other?.toLowerCase()

/** The users who can decide a deployment, and the changes that they cannot decide. */
export interface Deciders {
  rules: Rules
  author: string[]
  hasKnownAuthor: boolean
}

/**
 * Returns why a user may not make a decision, or null. An approval is open to the users whom the
 * file names, or to operators when it names nobody. Operators give the second approval that a
 * change without a known author needs.
 */
export function mayDecide(
  kind: Decision['kind'],
  who: { name: string; email?: string | null; isOperator: boolean },
  deciders: Deciders,
): string | null {
  const { rules, author } = deciders
  // The operator on call may be alone, and the author of the fix.
  if (kind === 'override') return who.isOperator ? null : 'Only an operator can override a freeze'
  if (kind === 'approve' && author.some((one) => isSame(one, who.name) || isSame(one, who.email)))
    return 'You are an author of this change; another person must decide'
  if (rules.approvals.length === 0) return 'The deployment needs no approval'
  const { named, includesOperators } = whoDecides(deciders)
  return named.includes(who.name) || (includesOperators && who.isOperator)
    ? null
    : `Only ${inList([...named, ...(includesOperators ? ['an operator'] : [])])} can ${kind} this`
}

function whoDecides({ rules: { approvals }, hasKnownAuthor }: Deciders): {
  named: string[]
  includesOperators: boolean
} {
  return {
    named: [...new Set(approvals.flatMap(({ by }) => by))],
    includesOperators: approvals.some(({ by }) => by.length === 0) || !hasKnownAuthor,
  }
}

const inList = (names: string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
