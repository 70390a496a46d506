import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { z } from 'zod'
import { type CheckIn, commit, existingCommit, gitRef, line, pushedBy } from '../check-in.ts'
import { type CommitStatus, type ConnectForge, type ForgeDeployment, maxPages } from '../client.ts'
import { connectionConfig } from '../config.ts'
import { defineForge } from '../forge.ts'
import { gitLabIssues } from '../gitlab-issues.ts'
import { createRequester } from '../gitlab-request.ts'
import { ForgeRefusal, orNull } from '../request.ts'
import { hasStandardSignature, header, isSecret, isStandardSignature } from '../signature.ts'

const publicUrl = 'https://gitlab.com'

const eventKind = z.object({
  object_kind: z.string().optional(),
  event_name: z.string().optional(),
})
const push = z.object({ ref: gitRef, before: commit, after: commit })
const sender = z.object({ user_username: line, user_email: line.nullish().catch(null) })

const project = z.object({ git_http_url: z.string().max(1000).nullish() }).nullish()
const announced = z.object({
  user: z.object({ username: line }).nullish(),
  object_attributes: z.object({
    iid: z.number().int().positive(),
    state: z.string(),
    title: line,
    draft: z.boolean().nullish(),
    source_branch: z.string().max(300),
    target_branch: z.string().max(300),
    last_commit: z.object({ id: existingCommit }),
    merge_commit_sha: existingCommit.nullish().catch(null),
    source: project,
    target: project,
  }),
})

const listed = z.object({
  iid: z.number().int().positive(),
  title: line,
  state: z.string(),
  draft: z.boolean().nullish(),
  author: z.object({ username: line }).nullish(),
  source_branch: z.string().max(300),
  target_branch: z.string().max(300),
  source_project_id: z.number().nullish(),
  target_project_id: z.number(),
  web_url: z.string().max(1000).nullish(),
})

const pullRequestRef = ({ number }: { number: number }): string =>
  `refs/merge-requests/${number}/head`

/** Besides these two, GitLab knows `opened` and `locked`. */
const stateOf = (state: string): ForgePullRequest['state'] =>
  state === 'merged' || state === 'closed' ? state : 'open'

function readDelivery(_event: string, payload: unknown): CheckIn[] {
  const { object_kind, event_name } = eventKind.parse(payload)
  const kind = object_kind ?? event_name ?? 'unknown'
  if (kind === 'push' || kind === 'tag_push') {
    const { data } = sender.safeParse(payload)
    const by = pushedBy(data?.user_username, data?.user_email)
    return [{ kind: 'push', ...push.parse(payload), ...by }]
  }
  if (kind !== 'merge_request') return [{ kind: 'other', what: kind }]
  const { user, object_attributes: pull } = announced.parse(payload)
  return [
    {
      kind: 'pull_request',
      number: pull.iid,
      state: stateOf(pull.state),
      title: pull.title,
      author: user?.username ?? 'unknown',
      isDraft: pull.draft ?? false,
      head: {
        sha: pull.last_commit.id,
        branch: pull.source_branch,
        repository: pull.source?.git_http_url ?? null,
      },
      base: { branch: pull.target_branch, repository: pull.target?.git_http_url ?? null },
      // Without a merge commit, the branch is at the last commit of the merge request.
      ...(stateOf(pull.state) === 'merged'
        ? { mergedAs: pull.merge_commit_sha ?? pull.last_commit.id }
        : {}),
    },
  ]
}

function readMergeRequest(json: unknown): ForgePullRequest {
  const pull = listed.parse(json)
  const { source_project_id: from, target_project_id: to } = pull
  const fork = from ? `project ${from}` : 'a deleted project'
  return {
    number: pull.iid,
    title: pull.title,
    author: pull.author?.username ?? 'unknown',
    state: stateOf(pull.state),
    isDraft: pull.draft ?? false,
    branch: pull.source_branch,
    fork: from === to ? null : fork,
    base: pull.target_branch,
    ref: pullRequestRef({ number: pull.iid }),
    url: pull.web_url ?? null,
  }
}

const statusStates = {
  pending: 'running',
  success: 'success',
  failure: 'failed',
  error: 'canceled',
} as const satisfies Record<CommitStatus['state'], string>

const deploymentStates = {
  pending: 'running',
  running: 'running',
  success: 'success',
  failure: 'failed',
  inactive: 'canceled',
} as const satisfies Record<ForgeDeployment['state'], string>

/**
 * https://docs.gitlab.com/api/commits/#set-commit-pipeline-status,
 * https://docs.gitlab.com/api/deployments and https://docs.gitlab.com/api/merge_requests
 */
const connect: ConnectForge = async ({ url, repository, token, fetch }) => {
  // `fetch` drops the header `Authorization` on a redirect to another host, but would forward
  // GitLab's own `PRIVATE-TOKEN`.
  const requesterFn = await createRequester(fetch)
  const { Gitlab } = await import('@gitbeaker/rest')
  const api = new Gitlab({ host: url, oauthToken: token, queryTimeout: null, requesterFn })

  /** Finds a deployment whose creation was not recorded: the newest running one of this commit. */
  const find = async ({ sha, environment }: ForgeDeployment): Promise<string | null> => {
    const newest = await api.Deployments.all(repository, {
      environment,
      orderBy: 'id',
      sort: 'desc',
      perPage: 20,
      maxPages: 1,
    })
    const ours = newest.find((one) => one.sha === sha && one.status === 'running')
    return ours ? String(ours.id) : null
  }
  const writeDeployment = async (
    deployment: ForgeDeployment,
    remote: string | null,
  ): Promise<string> => {
    const status = deploymentStates[deployment.state]
    const existing = remote ?? (await find(deployment))
    if (existing !== null) {
      await api.Deployments.edit(repository, Number(existing), status)
      return existing
    }
    const { environment, sha, branch } = deployment
    const place = [repository, environment, sha, branch, false] as const
    return String((await api.Deployments.create(...place, { status })).id)
  }

  return {
    writeStatus: ({ sha, name, state, description, url: targetUrl }) =>
      unlessUnchanged(async () => {
        const details = { name, description: description.slice(0, 255), targetUrl }
        await api.Commits.editStatus(repository, sha, statusStates[state], details)
      }, undefined),
    writeDeployment: (deployment, remote) =>
      unlessUnchanged(() => writeDeployment(deployment, remote), remote ?? ''),
    issues: gitLabIssues(api, repository),
    listPullRequests: async (base) => {
      const query = { projectId: repository, state: 'opened' as const, targetBranch: base }
      const pulls = await api.MergeRequests.all({ ...query, perPage: 100, maxPages })
      return pulls.map(readMergeRequest)
    },
    getPullRequest: (number) =>
      orNull(async () => readMergeRequest(await api.MergeRequests.show(repository, number))),
  }
}

/** GitLab refuses a transition to the current state; that counts as done. */
async function unlessUnchanged<T>(act: () => Promise<T>, unchanged: T): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const isUnchanged =
      error instanceof ForgeRefusal &&
      error.status === 400 &&
      /cannot transition status|status .*already/i.test(error.message)
    if (isUnchanged) return unchanged
    throw error
  }
}

/**
 * Webhooks: https://docs.gitlab.com/user/project/integrations/webhook_events, authenticated by a
 * signing token or by the older secret token.
 */
export default defineForge({
  kind: 'gitlab',
  title: 'GitLab',
  webhook: {
    isSender: (headers) => header(headers, 'x-gitlab-event') !== null,
    isSigned: (headers) =>
      hasStandardSignature(headers) || header(headers, 'x-gitlab-token') !== null,
    // When there is a signature, it alone decides: a valid token does not excuse an invalid one.
    isAuthentic: (request) =>
      hasStandardSignature(request.headers)
        ? isStandardSignature(request)
        : isSecret(request.secrets, header(request.headers, 'x-gitlab-token')),
    deliveryId: (headers) =>
      header(headers, 'webhook-id') ??
      header(headers, 'idempotency-key') ??
      header(headers, 'x-gitlab-event-uuid'),
    event: (headers) => header(headers, 'x-gitlab-event') ?? '',
    read: readDelivery,
    example: {
      headers: { 'x-gitlab-event': 'Push Hook' },
      payload: {
        ...{ object_kind: 'push', user_username: 'octocat', ref: 'refs/heads/main' },
        ...{ before: 'a'.repeat(40), after: 'b'.repeat(40) },
      },
    },
  },
  api: {
    publicUrl,
    config: connectionConfig('GitLab', publicUrl),
    example: { repository: 'acme/shop', token: 'glpat-example' },
    open: () => connect,
    hasIssues: true,
  },
  pullRequestRef,
})
