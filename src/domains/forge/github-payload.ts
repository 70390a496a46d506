import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { z } from 'zod'
import { type CheckIn, commit, existingCommit, gitRef, line, pushedBy } from './check-in.ts'

// The payloads of GitHub, which Gitea and Forgejo copy.

const push = z.object({ ref: gitRef, before: commit, after: commit })
const sender = z.object({
  sender: z.object({ login: line }),
  pusher: z
    .object({ name: line.nullish(), login: line.nullish(), email: line.nullish() })
    .nullish()
    .catch(null),
})

const state = {
  ...{ number: z.number().int().positive(), title: line },
  ...{
    merged: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    draft: z.boolean().nullish(),
  },
  user: z.object({ login: line }).nullish(),
}

const announcedEnd = z.object({
  ref: z.string().max(300),
  sha: existingCommit,
  repo: z.object({ clone_url: z.string().max(1000) }).nullish(),
})
const announced = z.object({
  pull_request: z.object({
    ...state,
    state: z.enum(['open', 'closed']),
    head: announcedEnd,
    base: announcedEnd,
    merge_commit_sha: existingCommit.nullish().catch(null),
  }),
})

const listedEnd = z.object({
  ref: z.string().max(300),
  repo: z
    .object({ full_name: z.string().max(300), clone_url: z.string().max(1000).nullish() })
    .nullish(),
})
const listed = z.object({
  ...state,
  state: z.string(),
  html_url: z.string().max(1000).nullish(),
  head: listedEnd,
  base: listedEnd,
})

const stateOf = (pull: {
  state: string
  merged?: boolean | null | undefined
  merged_at?: string | null | undefined
}): 'open' | 'merged' | 'closed' => {
  if (pull.state === 'open') return 'open'
  return (pull.merged ?? typeof pull.merged_at === 'string') ? 'merged' : 'closed'
}

export const gitHubPullRequestRef = ({ number }: { number: number }): string =>
  `refs/pull/${number}/head`

/** Reads the body of a webhook delivery. Throws a ZodError. */
export function readGitHubDelivery(event: string, payload: unknown): CheckIn[] {
  if (event === 'ping') return [{ kind: 'ping' }]
  if (event === 'push') {
    const { data } = sender.safeParse(payload)
    const isSame = [data?.pusher?.name, data?.pusher?.login].includes(data?.sender.login)
    const by = pushedBy(data?.sender.login, isSame ? data?.pusher?.email : null)
    return [{ kind: 'push', ...push.parse(payload), ...by }]
  }
  if (event !== 'pull_request') return [{ kind: 'other', what: event }]
  const { pull_request: pull } = announced.parse(payload)
  const { head, base } = pull
  return [
    {
      kind: 'pull_request',
      number: pull.number,
      state: stateOf(pull),
      title: pull.title,
      author: pull.user?.login ?? 'unknown',
      isDraft: pull.draft ?? false,
      head: { sha: head.sha, branch: head.ref, repository: head.repo?.clone_url ?? null },
      base: { branch: base.ref, repository: base.repo?.clone_url ?? null },
      ...(stateOf(pull) === 'merged' ? { mergedAs: pull.merge_commit_sha ?? null } : {}),
    },
  ]
}

/**
 * Reads a pull request from the API. A head whose repository is deleted or hidden counts as a
 * fork's. Throws a ZodError.
 */
export function readGitHubPull(json: unknown): ForgePullRequest {
  const pull = listed.parse(json)
  const [from, to] = [pull.head.repo?.full_name, pull.base.repo?.full_name]
  return {
    number: pull.number,
    title: pull.title,
    author: pull.user?.login ?? 'unknown',
    state: stateOf(pull),
    isDraft: pull.draft ?? false,
    branch: pull.head.ref,
    fork: from !== undefined && from === to ? null : (from ?? 'a deleted repository'),
    base: pull.base.ref,
    ref: gitHubPullRequestRef(pull),
    url: pull.html_url ?? null,
  }
}
