import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { giteaApi } from 'gitea-js'
import { z } from 'zod'
import { type ConnectForge, ForgeRefusal, mostPages, orNull } from '../client.ts'
import { readGitHubPull } from './github-pulls.ts'

/**
 * Forgejo's API is Gitea's: https://docs.gitea.com/api,
 * https://forgejo.org/docs/latest/user/api-usage. Neither knows deployments.
 */
export const gitea: ConnectForge = ({ url, repository, token, fetch }) => {
  const api = giteaApi(url, { token, customFetch: fetch })
  const [owner = '', repo = ''] = repository.split('/')
  return {
    writeStatus: ({ sha, name, state, description, url: target }) =>
      refusing(async () => {
        await api.repos.repoCreateStatus(owner, repo, sha, {
          state,
          context: name,
          description,
          target_url: target,
        })
      }),
    listPullRequests: (base) =>
      refusing(async () => {
        const found: ForgePullRequest[] = []
        // How many a page holds at most is for the forge to say: the list ends with an empty one.
        for (let page = 1; page <= mostPages; page += 1) {
          const { data } = await api.repos.repoListPullRequests(owner, repo, {
            state: 'open',
            page,
            limit: 50,
          })
          found.push(...data.map(readGitHubPull))
          if (data.length === 0) break
        }
        return found.filter((one) => one.base === base)
      }),
    getPullRequest: (number) =>
      orNull(() =>
        refusing(async () =>
          readGitHubPull((await api.repos.repoGetPullRequest(owner, repo, number)).data),
        ),
      ),
  }
}

/** The client's errors as ours. */
async function refusing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { data } = refused.safeParse(error)
    if (!data) throw error
    throw new ForgeRefusal(data.status, data.headers, data.error?.message ?? '')
  }
}

/** The client throws the response. */
const refused = z.object({
  status: z.number(),
  headers: z.instanceof(Headers),
  error: z.object({ message: z.string().optional() }).nullish().catch(null),
})
