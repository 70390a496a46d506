import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { z } from 'zod'
import { line } from '../client.ts'

const end = z.object({
  ref: z.string().max(300),
  repo: z
    .object({ full_name: z.string().max(300), clone_url: z.string().max(1000).nullish() })
    .nullish(),
})

const pullRequest = z.object({
  number: z.number().int().positive(),
  title: line,
  state: z.string(),
  merged: z.boolean().nullish(),
  merged_at: z.string().nullish(),
  draft: z.boolean().nullish(),
  html_url: z.string().max(1000).nullish(),
  user: z.object({ login: line }).nullish(),
  head: end,
  base: end,
})

/**
 * As GitHub writes it, and Gitea and Forgejo alike. A head whose repository is gone, or not told,
 * is not the repository's own.
 */
export function readGitHubPull(given: unknown): ForgePullRequest {
  const one = pullRequest.parse(given)
  const isMerged = one.merged ?? typeof one.merged_at === 'string'
  const [from, to] = [one.head.repo?.full_name, one.base.repo?.full_name]
  return {
    number: one.number,
    title: one.title,
    author: one.user?.login ?? 'unknown',
    state: one.state === 'open' ? 'open' : isMerged ? 'merged' : 'closed',
    isDraft: one.draft ?? false,
    branch: one.head.ref,
    fork: from !== undefined && from === to ? null : (from ?? 'a repository that is gone'),
    base: one.base.ref,
    ref: `refs/pull/${one.number}/head`,
    url: one.html_url ?? null,
  }
}
