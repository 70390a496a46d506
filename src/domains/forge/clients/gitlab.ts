import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { Gitlab } from '@gitbeaker/rest'
import { z } from 'zod'
import {
  type CommitStatus,
  type ConnectForge,
  type ForgeDeployment,
  ForgeRefusal,
  line,
  mostPages,
  orNull,
} from '../client.ts'

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

const mergeRequest = z.object({
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

function readMergeRequest(given: unknown): ForgePullRequest {
  const one = mergeRequest.parse(given)
  const isOwn = one.source_project_id === one.target_project_id
  return {
    number: one.iid,
    title: one.title,
    author: one.author?.username ?? 'unknown',
    state:
      one.state === 'opened' || one.state === 'locked'
        ? 'open'
        : one.state === 'merged'
          ? 'merged'
          : 'closed',
    isDraft: one.draft ?? false,
    branch: one.source_branch,
    fork: isOwn
      ? null
      : one.source_project_id
        ? `project ${one.source_project_id}`
        : 'a project that is gone',
    base: one.target_branch,
    ref: `refs/merge-requests/${one.iid}/head`,
    url: one.web_url ?? null,
  }
}

/**
 * https://docs.gitlab.com/api/commits/#set-commit-pipeline-status,
 * https://docs.gitlab.com/api/deployments and https://docs.gitlab.com/api/merge_requests
 */
export const gitlab: ConnectForge = ({ url, repository, token }) => {
  // As `Authorization`, which `fetch` keeps to itself when the forge sends it to another address;
  // GitLab's own header it would pass on.
  const api = new Gitlab({ host: url, oauthToken: token, queryTimeout: 10_000 })

  /** One that was made, and not written down: the newest of this commit that is still open. */
  const find = async ({ sha, environment }: ForgeDeployment): Promise<string | null> => {
    const all = await api.Deployments.all(repository, {
      environment,
      orderBy: 'id',
      sort: 'desc',
      perPage: 20,
      maxPages: 1,
    })
    const ours = all.find((one) => one.sha === sha && one.status === 'running')
    return ours ? String(ours.id) : null
  }

  return {
    writeStatus: ({ sha, name, state, description, url: targetUrl }) =>
      refusing(async () => {
        await api.Commits.editStatus(repository, sha, statusStates[state], {
          name,
          description: description.slice(0, 255),
          targetUrl,
        })
      }, undefined),
    writeDeployment: (deployment, remote) =>
      refusing(async () => {
        const status = deploymentStates[deployment.state]
        const known = remote ?? (await find(deployment))
        if (known === null) {
          const { environment, sha, branch } = deployment
          return String(
            (await api.Deployments.create(repository, environment, sha, branch, false, { status }))
              .id,
          )
        }
        await api.Deployments.edit(repository, Number(known), status)
        return known
      }, remote ?? ''),
    listPullRequests: (base) =>
      refusing(async () => {
        const wanted = { projectId: repository, state: 'opened' as const, targetBranch: base }
        const all = await api.MergeRequests.all({ ...wanted, perPage: 100, maxPages: mostPages })
        return all.map(readMergeRequest)
      }, []),
    getPullRequest: (number) =>
      orNull(() =>
        refusing(
          async () => readMergeRequest(await api.MergeRequests.show(repository, number)),
          null,
        ),
      ),
  }
}

const refused = z.object({
  cause: z.object({ description: z.unknown(), response: z.instanceof(Response) }),
})

/**
 * The client's errors as ours. What is in the wished state already is refused, too, and is as well.
 */
async function refusing<T>(act: () => Promise<T>, already: T): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { data } = refused.safeParse(error)
    if (!data) throw error
    const { description, response } = data.cause
    const said = typeof description === 'string' ? description : JSON.stringify(description ?? '')
    if (response.status === 400 && /cannot transition status|status .*already/i.test(said))
      return already
    throw new ForgeRefusal(response.status, response.headers, said)
  }
}
