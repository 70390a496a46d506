import { z } from 'zod'
import {
  type CheckIn,
  commit,
  type Forge,
  gitRef,
  header,
  isSecret,
  isStandardSignature,
  isStandardSigned,
  line,
  pushedBy,
  someCommit,
} from '../sender.ts'

const kind = z.object({ object_kind: z.string().optional(), event_name: z.string().optional() })
const push = z.object({ ref: gitRef, before: commit, after: commit })
const sender = z.object({ user_username: line })

const project = z.object({ git_http_url: z.string().max(1000).nullish() }).nullish()
const mergeRequest = z.object({
  user: z.object({ username: line }).nullish(),
  object_attributes: z.object({
    iid: z.number().int().positive(),
    state: z.string(),
    title: line,
    draft: z.boolean().nullish(),
    source_branch: z.string().max(300),
    target_branch: z.string().max(300),
    last_commit: z.object({ id: someCommit }),
    source: project,
    target: project,
  }),
})

function read(_event: string, payload: unknown): CheckIn[] {
  const { object_kind, event_name } = kind.parse(payload)
  const what = object_kind ?? event_name ?? 'unknown'
  if (what === 'push' || what === 'tag_push')
    return [
      {
        kind: 'push',
        ...push.parse(payload),
        ...pushedBy(sender.safeParse(payload).data?.user_username),
      },
    ]
  if (what !== 'merge_request') return [{ kind: 'other', what }]
  const { user, object_attributes: one } = mergeRequest.parse(payload)
  return [
    {
      kind: 'pull_request',
      number: one.iid,
      state: one.state === 'merged' ? 'merged' : one.state === 'closed' ? 'closed' : 'open',
      title: one.title,
      author: user?.username ?? 'unknown',
      isDraft: one.draft ?? false,
      head: {
        sha: one.last_commit.id,
        branch: one.source_branch,
        repository: one.source?.git_http_url ?? null,
      },
      base: { branch: one.target_branch, repository: one.target?.git_http_url ?? null },
    },
  ]
}

/**
 * https://docs.gitlab.com/user/project/integrations/webhook_events: by its signing token, or by the
 * older secret token.
 */
export const gitlab: Forge = {
  name: 'gitlab',
  isSender: (headers) => header(headers, 'x-gitlab-event') !== null,
  isSigned: (headers) => isStandardSigned(headers) || header(headers, 'x-gitlab-token') !== null,
  // What is signed is judged by its signature alone: a wrong one is not rescued by the token.
  isAuthentic: (request) =>
    isStandardSigned(request.headers)
      ? isStandardSignature(request)
      : isSecret(request.secrets, header(request.headers, 'x-gitlab-token')),
  deliveryId: (headers) =>
    header(headers, 'webhook-id') ??
    header(headers, 'idempotency-key') ??
    header(headers, 'x-gitlab-event-uuid'),
  event: (headers) => header(headers, 'x-gitlab-event') ?? '',
  read,
}
