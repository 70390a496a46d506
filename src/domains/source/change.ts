import type { Repository } from '#contract/app/app.ts'

/** What a check of the delivered branch found. */
export type BranchDecision =
  | { kind: 'new_change'; sha: string; base: string | null }
  | { kind: 'known'; sha: string }
  | { kind: 'branch_deleted' }
  | { kind: 'empty' }

/**
 * Compares the head that was delivered last with the head of the branch now. A push of many commits
 * is one change, the head. A force-push, even to an older commit, is a change whose base is the
 * previous head. A deleted branch stops nothing.
 */
export function decideBranch(before: string | null, now: string | null): BranchDecision {
  if (now === null) return before === null ? { kind: 'empty' } : { kind: 'branch_deleted' }
  if (now === before) return { kind: 'known', sha: now }
  return { kind: 'new_change', sha: now, base: before }
}

/**
 * Returns why the address of a repository is invalid, or null. It checks only the text; git checks
 * whether the repository exists.
 */
export function repositoryProblem(repository: Repository): string | null {
  if (repository.kind === 'hosted') return null
  if (repository.kind === 'path')
    return repository.path.startsWith('/') ? null : 'the path must be absolute'
  const { url } = repository
  if (url.startsWith('-') || /\s|\0/.test(url)) return 'the address is invalid'
  if (/^[\w.-]+@[\w.-]+:(?!\/\/)/.test(url)) return null
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (!scheme || !['https', 'http', 'ssh', 'git', 'file'].includes(scheme))
    return 'the address must be https://, http://, ssh://, git://, file:// or user@host:path'
  const isPlain = !['ssh', 'git'].includes(scheme) || plainHost.test(url)
  return isPlain
    ? null
    : 'the address has other characters than letters, digits and . _ + - in its user or host'
}

/** A shell reads the host of ssh, after git has decoded it. */
const plainHost = /^[a-z]+:\/\/(?:[\w.+-]+@)?(?:\w[\w.-]*|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/|$)/i

/** Returns why a branch name is invalid by the rules of git-check-ref-format, or null. */
export function branchProblem(branch: string): string | null {
  const isWrongPart = (part: string): boolean =>
    part === '' || part.startsWith('.') || part.endsWith('.lock')
  const isWrong =
    branch.startsWith('-') ||
    branch.endsWith('.') ||
    branch === '@' ||
    branch === 'HEAD' ||
    branch.split('/').some(isWrongPart)
  return isWrong || /\.\.|@\{|[\0-\x20\x7f~^:?*[\\]/.test(branch)
    ? 'is not a valid branch name in git'
    : null
}

/** The lines that the developer reads after a push. */
export function pushLines(
  decision: BranchDecision,
  app: { name: string; branch: string },
  run: number | null,
  publicUrl: string,
): string[] {
  const short = 'sha' in decision ? decision.sha.slice(0, 7) : ''
  switch (decision.kind) {
    case 'new_change':
      return [
        `Fairlead: delivering ${short} of ${app.name}`,
        ...(run === null ? [] : [`${publicUrl}/runs/${run}`]),
      ]
    case 'known':
      // The push was to another branch or a tag, or another check found the commit first.
      return [`Fairlead: nothing to deliver; ${app.branch} of ${app.name} is still at ${short}`]
    case 'branch_deleted':
      return [`Fairlead: ${app.branch} of ${app.name} was deleted; running releases stay`]
    default:
      return [
        `Fairlead: push to ${app.branch} to deliver ${app.name}; the branch has no commit yet`,
      ]
  }
}
