import type { Repository } from '#contract/app/app.ts'

/** What a look at the delivered branch means. */
export type BranchDecision =
  | { kind: 'new_change'; sha: string; base: string | null }
  | { kind: 'known'; sha: string }
  | { kind: 'branch_deleted' }
  | { kind: 'empty' }

/**
 * Compares the head last delivered with the one now. A push of many commits is one change, its
 * head; a force-push, also one back to an older commit, is a change whose base is the head before;
 * a deleted branch takes nothing out of service.
 */
export function decideBranch(before: string | null, now: string | null): BranchDecision {
  if (now === null) return before === null ? { kind: 'empty' } : { kind: 'branch_deleted' }
  if (now === before) return { kind: 'known', sha: now }
  return { kind: 'new_change', sha: now, base: before }
}

/**
 * Why a repository cannot be one, in a few words, or null. Looks only at the text: whether it is
 * there is asked of git.
 */
export function repositoryProblem(repository: Repository): string | null {
  if (repository.kind === 'hosted') return null
  if (repository.kind === 'path')
    return repository.path.startsWith('/') ? null : 'the path must be absolute'
  const { url } = repository
  if (url.startsWith('-') || /\s|\0/.test(url)) return 'the address is not one'
  if (/^[\w.-]+@[\w.-]+:(?!\/\/)/.test(url)) return null
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme && ['https', 'http', 'ssh', 'git', 'file'].includes(scheme)) return null
  return 'the address must begin with https://, http://, ssh://, git:// or file://, or be user@host:path'
}

/** Why a branch name cannot be one, or null: the rules of git-check-ref-format. */
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
    ? 'is not a name that git allows for a branch'
    : null
}

/** What the developer reads after a push. */
export function pushLines(
  decision: BranchDecision,
  app: { name: string; branch: string },
  run: number | null,
  publicUrl: string,
): string[] {
  switch (decision.kind) {
    case 'new_change':
      return [
        `Fairlead: delivering ${decision.sha.slice(0, 7)} of ${app.name}`,
        ...(run === null ? [] : [`${publicUrl}/runs/${run}`]),
      ]
    case 'known':
      // The push was to another branch or of a tag, or somebody was faster with the same.
      return [
        `Fairlead: ${app.name} is delivered from ${app.branch} only, whose head ${decision.sha.slice(0, 7)} is known already`,
      ]
    case 'branch_deleted':
      return [`Fairlead: ${app.branch} of ${app.name} was deleted; what runs stays as it is`]
    default:
      return [
        `Fairlead: ${app.name} is delivered from ${app.branch}, which has no commit yet; push to it`,
      ]
  }
}
