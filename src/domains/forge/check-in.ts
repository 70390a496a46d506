import { z } from 'zod'

/**
 * What a webhook announces. It only triggers a check of the repository or of the forge: what
 * Fairlead delivers is what it finds there.
 */
export type CheckIn =
  | {
      kind: 'push'
      ref: string
      before: string | null
      after: string | null
      /** the name of the pusher at the forge */
      by?: string
      /** the e-mail address that the forge reports for the pusher */
      email?: string
    }
  | ({ kind: 'pull_request' } & AnnouncedPullRequest)
  | { kind: 'ping' }
  | { kind: 'other'; what: string }

export interface AnnouncedPullRequest {
  number: number
  state: 'open' | 'merged' | 'closed'
  title: string
  author: string
  /** absent in deliveries stored by earlier versions */
  isDraft?: boolean
  /** newest commit, branch, and repository of both; null when that repository was deleted */
  head: { sha: string; branch: string; repository: string | null }
  /** branch to merge into, and its repository */
  base: { branch: string; repository: string | null }
  /** the commit that the merge made, which may be abbreviated; null for none */
  mergedAs?: string | null
}

/** A commit ID, or null for the 40 (or 64) zeros that stand for no commit. */
export const commit = z
  .string()
  .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'is not the id of a commit')
  .transform((sha) => (/^0+$/.test(sha) ? null : sha))

/** The ID of an existing commit; some forges abbreviate it. */
export const existingCommit = z.string().regex(/^[0-9a-f]{7,64}$/, 'is not the id of a commit')

/** The ref of a push: printable, because git allows no other. */
export const gitRef = z
  .string()
  .max(300)
  .regex(/^refs\/[^\s\0-\x1f\x7f]+$/, 'is not a ref')

/** One line of text from a forge, safe to store and show: at most 300 printable characters. */
export const line = z
  .string()
  .transform((text) => text.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, 300))

/** Who pushed, by their name at the forge; empty when the forge does not name them. */
export const pushedBy = (
  name: string | null | undefined,
  email?: string | null,
): { by?: string; email?: string } => ({
  ...(name ? { by: name } : {}),
  ...(name && email?.includes('@') ? { email } : {}),
})
