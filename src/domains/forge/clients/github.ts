import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { request } from '@octokit/request'
import { z } from 'zod'
import { writeCheck } from './github-check.ts'
import {
  type ConnectForge,
  type ForgeDeployment,
  ForgeRefusal,
  mostPages,
  orNull,
} from '../client.ts'
import { readGitHubPull } from './github-pulls.ts'

const states = {
  pending: 'queued',
  running: 'in_progress',
  success: 'success',
  failure: 'failure',
  inactive: 'inactive',
} as const satisfies Record<ForgeDeployment['state'], string>

/**
 * https://docs.github.com/rest/commits/statuses, https://docs.github.com/rest/deployments and
 * https://docs.github.com/rest/pulls
 */
export const github: ConnectForge = ({ url, repository, token, isApp, fetch }) => {
  const [owner = '', repo = ''] = repository.split('/')
  const ask = request.defaults({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' },
    request: { fetch },
  })
  const of = { owner, repo }

  /** One that was made, and not written down, is found by its key. */
  const find = async ({ key, sha, environment }: ForgeDeployment): Promise<string | null> => {
    const { data } = await ask('GET /repos/{owner}/{repo}/deployments', {
      ...of,
      sha,
      environment,
      per_page: 100,
    })
    const ours = data.find(({ payload }) => marked.safeParse(payload).data?.fairlead === key)
    return ours ? String(ours.id) : null
  }
  const create = async (deployment: ForgeDeployment): Promise<string> => {
    const { data } = await ask('POST /repos/{owner}/{repo}/deployments', {
      ...of,
      ref: deployment.sha,
      environment: deployment.environment,
      production_environment: deployment.isProduction,
      transient_environment: deployment.isTransient,
      description: deployment.description.slice(0, 140),
      auto_merge: false,
      required_contexts: [],
      payload: { fairlead: deployment.key },
    })
    if (!('id' in data))
      throw new ForgeRefusal(202, new Headers(), data.message ?? 'it merged the branch instead')
    return String(data.id)
  }

  return {
    writeStatus: ({ sha, name, state, description, url: target }) =>
      refusing(async () => {
        await ask('POST /repos/{owner}/{repo}/statuses/{sha}', {
          ...of,
          sha,
          state,
          context: name,
          description: description.slice(0, 140),
          target_url: target,
        })
      }),
    ...(isApp ? { writeCheck: (check) => refusing(() => writeCheck(ask, of, check)) } : {}),
    writeDeployment: (deployment, remote) =>
      refusing(async () => {
        const id = remote ?? (await find(deployment)) ?? (await create(deployment))
        await ask('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
          ...of,
          deployment_id: Number(id),
          state: states[deployment.state],
          log_url: deployment.url,
          ...(deployment.address === null ? {} : { environment_url: deployment.address }),
          description: deployment.description.slice(0, 140),
          auto_inactive: false,
        })
        return id
      }),
    listPullRequests: (base) =>
      refusing(async () => {
        const found: ForgePullRequest[] = []
        for (let page = 1; page <= mostPages; page += 1) {
          const asked = { ...of, state: 'open' as const, base, per_page: 100, page }
          const { data } = await ask('GET /repos/{owner}/{repo}/pulls', asked)
          found.push(...data.map(readGitHubPull))
          if (data.length < 100) break
        }
        return found
      }),
    getPullRequest: (number) =>
      orNull(() =>
        refusing(async () => {
          const { data } = await ask('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
            ...of,
            pull_number: number,
          })
          return readGitHubPull(data)
        }),
      ),
  }
}

const marked = z
  .union([z.string().transform((text) => safeJson(text)), z.unknown()])
  .pipe(z.object({ fairlead: z.string() }))

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const refused = z.object({
  status: z.number(),
  message: z.string(),
  response: z
    .object({ headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()) })
    .optional(),
})

/** The client's errors as ours. One without a response is that of the network. */
export async function refusing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { data } = refused.safeParse(error)
    if (!data?.response) throw error
    const headers = new Headers()
    for (const [name, value] of Object.entries(data.response.headers))
      if (value !== undefined) headers.set(name, String(value))
    throw new ForgeRefusal(data.status, headers, data.message)
  }
}
