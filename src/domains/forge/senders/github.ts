import { z } from 'zod'
import {
  type CheckIn,
  commit,
  type Forge,
  gitRef,
  header,
  isHubSignature,
  line,
  pushedBy,
  someCommit,
} from '../sender.ts'

const push = z.object({ ref: gitRef, before: commit, after: commit })
const sender = z.object({ sender: z.object({ login: line }) })

const end = z.object({
  ref: z.string().max(300),
  sha: someCommit,
  repo: z.object({ clone_url: z.string().max(1000) }).nullish(),
})
const pullRequest = z.object({
  pull_request: z.object({
    number: z.number().int().positive(),
    state: z.enum(['open', 'closed']),
    merged: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    title: line,
    draft: z.boolean().nullish(),
    user: z.object({ login: line }).nullish(),
    head: end,
    base: end,
  }),
})

/** What GitHub sends, and Gitea and Forgejo write alike. */
export function readGitHub(event: string, payload: unknown): CheckIn[] {
  if (event === 'ping') return [{ kind: 'ping' }]
  if (event === 'push')
    return [
      {
        kind: 'push',
        ...push.parse(payload),
        ...pushedBy(sender.safeParse(payload).data?.sender.login),
      },
    ]
  if (event !== 'pull_request') return [{ kind: 'other', what: event }]
  const { pull_request: one } = pullRequest.parse(payload)
  const isMerged = one.merged ?? typeof one.merged_at === 'string'
  return [
    {
      kind: 'pull_request',
      number: one.number,
      state: one.state === 'open' ? 'open' : isMerged ? 'merged' : 'closed',
      title: one.title,
      author: one.user?.login ?? 'unknown',
      isDraft: one.draft ?? false,
      head: {
        sha: one.head.sha,
        branch: one.head.ref,
        repository: one.head.repo?.clone_url ?? null,
      },
      base: { branch: one.base.ref, repository: one.base.repo?.clone_url ?? null },
    },
  ]
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const github: Forge = {
  name: 'github',
  isSender: (headers) => header(headers, 'x-github-event') !== null,
  isSigned: (headers) => header(headers, 'x-hub-signature-256') !== null,
  isAuthentic: isHubSignature,
  deliveryId: (headers) => header(headers, 'x-github-delivery'),
  event: (headers) => header(headers, 'x-github-event') ?? '',
  read: readGitHub,
}
