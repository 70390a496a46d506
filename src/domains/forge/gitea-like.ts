import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { giteaApi } from 'gitea-js'
import { z } from 'zod'
import type { CheckIn } from './check-in.ts'
import { type ConnectForge, maxPages } from './client.ts'
import type { WebhookSender } from './forge.ts'
import { translateErrors } from './gitea-error.ts'
import { giteaIssues } from './gitea-issues.ts'
import { readGitHubDelivery, readGitHubPull } from './github-payload.ts'
import { orNull } from './request.ts'
import { type Headers as DeliveryHeaders, header, isHexHmac } from './signature.ts'

/**
 * The webhook of Gitea and its forks: GitHub's payloads under headers of their own name. Each fork
 * also sends the headers of what it was forked from.
 */
export function giteaWebhook(name: string, imitates: readonly string[]): WebhookSender {
  const own = (headers: DeliveryHeaders, part: string): string | null =>
    header(headers, `x-${name}-${part}`)
  return {
    isSender: (headers) => own(headers, 'event') !== null,
    imitates,
    isSigned: (headers) => own(headers, 'signature') !== null,
    isAuthentic: (request) => isHexHmac(request, own(request.headers, 'signature')),
    deliveryId: (headers) => own(headers, 'delivery'),
    event: (headers) => own(headers, 'event') ?? '',
    read,
    example: {
      headers: { [`x-${name}-event`]: 'push' },
      payload: {
        ...{ ref: 'refs/heads/main', before: 'a'.repeat(40), after: 'b'.repeat(40) },
        sender: { login: 'octocat' },
      },
    },
  }
}

/** Unlike GitHub, Gitea names each change of a pull request in the event header. */
const read = (event: string, payload: unknown): CheckIn[] =>
  readGitHubDelivery(
    event.startsWith('pull_request') && !isDiscussion(payload) ? 'pull_request' : event,
    payload,
  )

/** A review or a comment need not contain the pull request. */
const isDiscussion = (payload: unknown): boolean => {
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(payload)
  return ['review', 'comment'].some((key) => (fields[key] ?? null) !== null)
}

/**
 * The API that Gitea (https://docs.gitea.com/api) and Forgejo
 * (https://forgejo.org/docs/latest/user/api-usage) share. It has no deployments.
 */
export const connectGitea: ConnectForge = async ({ url, repository, token, fetch }) => {
  const { repos } = giteaApi(url, { token, customFetch: fetch })
  const [owner = '', repo = ''] = repository.split('/')
  const listPullRequests = async (base: string): Promise<ForgePullRequest[]> => {
    const pulls: ForgePullRequest[] = []
    // The server may return fewer per page than requested: only an empty page ends the list.
    for (let page = 1; page <= maxPages; page += 1) {
      const query = { state: 'open' as const, page, limit: 50 }
      const { data } = await repos.repoListPullRequests(owner, repo, query)
      pulls.push(...data.map(readGitHubPull))
      if (data.length === 0) break
    }
    return pulls.filter((pull) => pull.base === base)
  }
  return {
    writeStatus: ({ sha, name, state, description, url: page }) =>
      translateErrors(async () => {
        await repos.repoCreateStatus(owner, repo, sha, {
          state,
          context: name,
          description,
          target_url: page,
        })
      }),
    issues: giteaIssues(repos, { owner, repo }),
    listPullRequests: (base) => translateErrors(() => listPullRequests(base)),
    getPullRequest: (number) =>
      orNull(() =>
        translateErrors(async () =>
          readGitHubPull((await repos.repoGetPullRequest(owner, repo, number)).data),
        ),
      ),
  }
}
