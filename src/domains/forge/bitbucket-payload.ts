import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { z } from 'zod'
import {
  type AnnouncedPullRequest,
  type CheckIn,
  commit,
  existingCommit,
  gitRef,
  line,
  pushedBy,
} from './check-in.ts'

// The payloads of Bitbucket Cloud and of Bitbucket Data Center, which have little in common.

const stateOf = (state: string): ForgePullRequest['state'] => {
  if (state === 'OPEN') return 'open'
  return state === 'MERGED' ? 'merged' : 'closed'
}

const common = {
  ...{ id: z.number().int().positive(), state: z.string() },
  ...{ title: line, draft: z.boolean().nullish() },
}
const html = z.object({ html: z.object({ href: z.string().max(1000) }) })
const cloudAuthor = z
  .object({ nickname: line.optional(), display_name: line.optional() })
  .nullish()
  .transform((author) => author?.nickname ?? author?.display_name ?? 'unknown')
const serverAuthor = z
  .object({ user: z.object({ name: line }) })
  .nullish()
  .transform((author) => author?.user.name ?? 'unknown')

const announcedCloudEnd = z.object({
  branch: z.object({ name: z.string().max(300) }),
  commit: z.object({ hash: existingCommit }).nullish(),
  repository: z.object({ links: html }).nullish(),
})
const announcedCloud = z.object({
  pullrequest: z.object({
    ...common,
    author: cloudAuthor,
    source: announcedCloudEnd,
    destination: announcedCloudEnd,
    merge_commit: z.object({ hash: existingCommit }).nullish().catch(null),
  }),
})

const listedCloudEnd = z.object({
  branch: z.object({ name: z.string().max(300) }),
  repository: z.object({ full_name: z.string().max(300), links: html.nullish() }).nullish(),
})
const listedCloud = z.object({
  ...common,
  author: cloudAuthor,
  source: listedCloudEnd,
  destination: listedCloudEnd,
  links: html.nullish(),
})

/** PROJECT/NAME; null when the payload does not name the repository. */
const serverRepository = z
  .object({
    slug: z.string().max(300),
    project: z.object({ key: z.string().max(300) }),
  })
  .transform(({ slug, project }) => `${project.key}/${slug}`)
const announcedServerEnd = z.object({
  displayId: z.string().max(300),
  latestCommit: existingCommit,
  repository: serverRepository.nullable().catch(null),
})
const announcedServer = z.object({
  pullRequest: z.object({
    ...common,
    author: serverAuthor,
    fromRef: announcedServerEnd,
    toRef: announcedServerEnd,
    properties: z
      .object({ mergeCommit: z.object({ id: existingCommit }).nullish() })
      .nullish()
      .catch(null),
  }),
})

const listedServerEnd = z.object({
  displayId: z.string().max(300),
  repository: serverRepository,
})
const listedServer = z.object({
  ...common,
  author: serverAuthor,
  fromRef: listedServerEnd,
  toRef: listedServerEnd,
  links: z.object({ self: z.array(z.object({ href: z.string().max(1000) })) }).nullish(),
})

const cloudBranch = z
  .object({
    type: z.string(),
    name: z.string().max(300),
    target: z.object({ hash: existingCommit }),
  })
  .nullish()
const cloudPush = z.object({
  push: z.object({ changes: z.array(z.object({ old: cloudBranch, new: cloudBranch })).max(1000) }),
})
const serverPush = z.object({
  changes: z
    .array(z.object({ ref: z.object({ id: gitRef }), fromHash: commit, toHash: commit }))
    .max(1000),
})

/** Cloud sends a nickname, Data Center a name. */
const actor = z.object({
  actor: z.object({
    nickname: line.optional(),
    display_name: line.optional(),
    name: line.optional(),
  }),
})

/**
 * Data Center has a ref for each pull request. Cloud has none, so that the head is the source
 * branch; only Cloud names repositories by URL.
 */
export const pullRequestRef = ({
  number,
  head,
  base,
}: Pick<AnnouncedPullRequest, 'number' | 'head' | 'base'>): string =>
  /^https?:/.test(base.repository ?? '') ? cloudRef(head.branch) : serverRef(number)

const cloudRef = (branch: string): string => `refs/heads/${branch}`
const serverRef = (number: number): string => `refs/pull-requests/${number}/from`

/**
 * Reads the body of a webhook delivery. Cloud sends the events `repo:push` and `pullrequest:…`,
 * Data Center `repo:refs_changed` and `pr:…`. Throws a ZodError.
 */
export function readDelivery(event: string, payload: unknown): CheckIn[] {
  if (event === 'diagnostics:ping') return [{ kind: 'ping' }]
  const pusher = actor.safeParse(payload).data?.actor
  const by = pushedBy(pusher?.nickname ?? pusher?.name ?? pusher?.display_name)
  if (event === 'repo:push')
    return cloudPush.parse(payload).push.changes.map((change) => ({ ...readPush(change), ...by }))
  if (event === 'repo:refs_changed')
    return serverPush.parse(payload).changes.map(({ ref, fromHash, toHash }) => ({
      ...{ kind: 'push', ref: ref.id, before: fromHash, after: toHash },
      ...by,
    }))
  if (/^pullrequest:(created|updated|fulfilled|rejected)$/.test(event))
    return [readAnnouncedCloud(payload)]
  if (/^pr:(opened|from_ref_updated|modified|merged|declined|deleted)$/.test(event))
    return [readAnnouncedServer(event, payload)]
  return [{ kind: 'other', what: event }]
}

function readPush(change: z.output<typeof cloudPush>['push']['changes'][number]): CheckIn {
  const branch = change.new ?? change.old
  const folder = branch?.type === 'tag' ? 'tags' : 'heads'
  return {
    kind: 'push',
    ref: gitRef.parse(`refs/${folder}/${branch?.name ?? ''}`),
    before: change.old?.target.hash ?? null,
    after: change.new?.target.hash ?? null,
  }
}

function readAnnouncedCloud(payload: unknown): CheckIn {
  const { pullrequest: pull } = announcedCloud.parse(payload)
  const { source, destination } = pull
  return {
    kind: 'pull_request',
    number: pull.id,
    state: stateOf(pull.state),
    title: pull.title,
    author: pull.author,
    isDraft: pull.draft ?? false,
    head: {
      sha: source.commit?.hash ?? '',
      branch: source.branch.name,
      repository: source.repository?.links.html.href ?? null,
    },
    base: {
      branch: destination.branch.name,
      repository: destination.repository?.links.html.href ?? null,
    },
    ...(pull.merge_commit ? { mergedAs: pull.merge_commit.hash } : {}),
  }
}

function readAnnouncedServer(event: string, payload: unknown): CheckIn {
  const { pullRequest: pull } = announcedServer.parse(payload)
  const { fromRef, toRef } = pull
  return {
    kind: 'pull_request',
    number: pull.id,
    state: event === 'pr:deleted' ? 'closed' : stateOf(pull.state),
    title: pull.title,
    author: pull.author,
    isDraft: pull.draft ?? false,
    head: { sha: fromRef.latestCommit, branch: fromRef.displayId, repository: fromRef.repository },
    base: { branch: toRef.displayId, repository: toRef.repository },
    ...(pull.properties?.mergeCommit ? { mergedAs: pull.properties.mergeCommit.id } : {}),
  }
}

/** Reads a pull request from the API of Cloud. Throws a ZodError. */
export function readCloudPull(json: unknown): ForgePullRequest {
  const pull = listedCloud.parse(json)
  const { source, destination } = pull
  const name = source.repository?.full_name
  const isOwn = name !== undefined && name === destination.repository?.full_name
  return {
    number: pull.id,
    title: pull.title,
    author: pull.author,
    state: stateOf(pull.state),
    isDraft: pull.draft ?? false,
    branch: source.branch.name,
    fork: isOwn ? null : (source.repository?.links?.html.href ?? 'a deleted repository'),
    base: destination.branch.name,
    ref: cloudRef(source.branch.name),
    url: pull.links?.html.href ?? null,
  }
}

/** Reads a pull request from the API of Data Center. Throws a ZodError. */
export function readServerPull(json: unknown): ForgePullRequest {
  const pull = listedServer.parse(json)
  const { fromRef, toRef } = pull
  return {
    number: pull.id,
    title: pull.title,
    author: pull.author,
    state: stateOf(pull.state),
    isDraft: pull.draft ?? false,
    branch: fromRef.displayId,
    fork: fromRef.repository === toRef.repository ? null : fromRef.repository,
    base: toRef.displayId,
    ref: serverRef(pull.id),
    url: pull.links?.self[0]?.href ?? null,
  }
}
