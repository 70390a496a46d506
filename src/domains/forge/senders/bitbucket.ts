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

const branch = z
  .object({ type: z.string(), name: z.string().max(300), target: z.object({ hash: someCommit }) })
  .nullish()
const push = z.object({
  push: z.object({ changes: z.array(z.object({ old: branch, new: branch })).max(1000) }),
})

const cloudEnd = z.object({
  branch: z.object({ name: z.string().max(300) }),
  commit: z.object({ hash: someCommit }).nullish(),
  repository: z
    .object({ links: z.object({ html: z.object({ href: z.string().max(1000) }) }) })
    .nullish(),
})
const cloudPullRequest = z.object({
  pullrequest: z.object({
    id: z.number().int().positive(),
    state: z.string(),
    title: line,
    draft: z.boolean().nullish(),
    author: z.object({ nickname: line.optional(), display_name: line.optional() }).nullish(),
    source: cloudEnd,
    destination: cloudEnd,
  }),
})

/** Cloud has a nickname, Data Center a name. */
const actor = z.object({
  actor: z.object({
    nickname: line.optional(),
    display_name: line.optional(),
    name: line.optional(),
  }),
})

const serverPush = z.object({
  changes: z
    .array(z.object({ ref: z.object({ id: gitRef }), fromHash: commit, toHash: commit }))
    .max(1000),
})
const serverEnd = z.object({
  displayId: z.string().max(300),
  latestCommit: someCommit,
  repository: z.unknown(),
})
const serverPullRequest = z.object({
  pullRequest: z.object({
    id: z.number().int().positive(),
    state: z.string(),
    title: line,
    draft: z.boolean().nullish(),
    author: z.object({ user: z.object({ name: line }) }).nullish(),
    fromRef: serverEnd,
    toRef: serverEnd,
  }),
})

const stateOf = (state: string): 'open' | 'merged' | 'closed' =>
  state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed'

/** Cloud says `repo:push` and `pullrequest:…`, Data Center `repo:refs_changed` and `pr:…`. */
function read(event: string, payload: unknown): CheckIn[] {
  if (event === 'diagnostics:ping') return [{ kind: 'ping' }]
  const who = actor.safeParse(payload).data?.actor
  const by = pushedBy(who?.nickname ?? who?.name ?? who?.display_name)
  if (event === 'repo:push')
    return push.parse(payload).push.changes.map((change) => ({ ...readChange(change), ...by }))
  if (event === 'repo:refs_changed') {
    const { changes } = serverPush.parse(payload)
    return changes.map(({ ref, fromHash, toHash }) => ({
      kind: 'push',
      ref: ref.id,
      before: fromHash,
      after: toHash,
      ...by,
    }))
  }
  if (/^pullrequest:(created|updated|fulfilled|rejected)$/.test(event)) return [readCloud(payload)]
  if (/^pr:(opened|from_ref_updated|modified|merged|declined|deleted)$/.test(event))
    return [readServer(event, payload)]
  return [{ kind: 'other', what: event }]
}

function readChange(change: z.output<typeof push>['push']['changes'][number]): CheckIn {
  const one = change.new ?? change.old
  const folder = one?.type === 'tag' ? 'tags' : 'heads'
  return {
    kind: 'push',
    ref: gitRef.parse(`refs/${folder}/${one?.name ?? ''}`),
    before: change.old?.target.hash ?? null,
    after: change.new?.target.hash ?? null,
  }
}

function readCloud(payload: unknown): CheckIn {
  const { pullrequest: one } = cloudPullRequest.parse(payload)
  const { source, destination } = one
  return {
    kind: 'pull_request',
    number: one.id,
    state: stateOf(one.state),
    title: one.title,
    author: one.author?.nickname ?? one.author?.display_name ?? 'unknown',
    isDraft: one.draft ?? false,
    head: {
      sha: source.commit?.hash ?? '',
      branch: source.branch.name,
      repository: source.repository?.links.html.href ?? null,
    },
    base: {
      branch: destination.branch.name,
      repository: destination.repository?.links.html.href ?? null,
    },
  }
}

function readServer(event: string, payload: unknown): CheckIn {
  const { pullRequest: one } = serverPullRequest.parse(payload)
  const repositoryOf = (end: z.output<typeof serverEnd>): string | null =>
    z
      .object({ slug: z.string(), project: z.object({ key: z.string() }) })
      .transform(({ slug, project }) => `${project.key}/${slug}`)
      .catch('')
      .parse(end.repository) || null
  return {
    kind: 'pull_request',
    number: one.id,
    state: event === 'pr:deleted' ? 'closed' : stateOf(one.state),
    title: one.title,
    author: one.author?.user.name ?? 'unknown',
    isDraft: one.draft ?? false,
    head: {
      sha: one.fromRef.latestCommit,
      branch: one.fromRef.displayId,
      repository: repositoryOf(one.fromRef),
    },
    base: { branch: one.toRef.displayId, repository: repositoryOf(one.toRef) },
  }
}

/**
 * https://support.atlassian.com/bitbucket-cloud/docs/event-payloads and Data Center's of the same
 * name.
 */
export const bitbucket: Forge = {
  name: 'bitbucket',
  isSender: (headers) => header(headers, 'x-event-key') !== null,
  isSigned: (headers) => header(headers, 'x-hub-signature') !== null,
  isAuthentic: isHubSignature,
  deliveryId: (headers) => header(headers, 'x-request-uuid') ?? header(headers, 'x-request-id'),
  event: (headers) => header(headers, 'x-event-key') ?? '',
  read,
}
