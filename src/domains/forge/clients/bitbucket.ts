import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { askJson, type CommitStatus, type ConnectForge, mostPages, orNull } from '../client.ts'
import { readCloudPull, readServerPull } from './bitbucket-pulls.ts'

const states = {
  pending: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const satisfies Record<CommitStatus['state'], string>

const listed = z.object({
  values: z.array(z.unknown()),
  next: z.string().nullish(),
  isLastPage: z.boolean().optional(),
  nextPageStart: z.number().nullish(),
})

/** Of 40 characters at most. */
const keyOf = (name: string): string =>
  name.length <= 40 ? name : createHash('sha256').update(name).digest('hex').slice(0, 40)

/**
 * Cloud: https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses; Data
 * Center: https://developer.atlassian.com/server/bitbucket/rest, builds and deployments. There is
 * no client for either that is kept up, and neither takes deployments from outside in the same way,
 * so that they are told as statuses.
 */
export const bitbucket: ConnectForge = (connection) => {
  const [project = '', repository = ''] = connection.repository.split('/')
  const isCloud =
    new URL(connection.url).hostname === 'api.bitbucket.org' || connection.url.endsWith('/2.0')
  const place = isCloud
    ? (sha: string) =>
        `${connection.url}/repositories/${project}/${repository}/commit/${sha}/statuses/build`
    : (sha: string) =>
        `${connection.url}/rest/api/latest/projects/${project}/repos/${repository}/commits/${sha}/builds`
  const headers = { authorization: `Bearer ${connection.token}` }
  const ask = (url: string): Promise<unknown> =>
    askJson(connection, url, { method: 'GET', headers })
  const pulls = isCloud
    ? `${connection.url}/repositories/${project}/${repository}/pullrequests`
    : `${connection.url}/rest/api/latest/projects/${project}/repos/${repository}/pull-requests`
  const read = isCloud ? readCloudPull : readServerPull

  /**
   * Each page says where the next one begins. A list that is asked for by its state leaves drafts
   * out in the cloud.
   */
  const list = async (base: string): Promise<ForgePullRequest[]> => {
    const query: Record<string, string> = isCloud
      ? { q: 'state="OPEN" AND (draft=true OR draft=false)', pagelen: '50' }
      : { state: 'OPEN', direction: 'INCOMING', at: `refs/heads/${base}`, limit: '100' }
    const found: ForgePullRequest[] = []
    let next: Record<string, string> | null = {}
    for (let page = 1; next !== null && page <= mostPages; page += 1) {
      const answer = listed.parse(
        await ask(`${pulls}?${new URLSearchParams({ ...query, ...next }).toString()}`),
      )
      found.push(...answer.values.map(read))
      if (isCloud) next = !answer.next ? null : { page: String(page + 1) }
      else
        next =
          answer.isLastPage === false && typeof answer.nextPageStart === 'number'
            ? { start: String(answer.nextPageStart) }
            : null
    }
    return found.filter((one) => one.base === base)
  }

  return {
    listPullRequests: list,
    getPullRequest: (number) => orNull(async () => read(await ask(`${pulls}/${number}`))),
    writeStatus: async ({ sha, name, state, description, url }) => {
      await askJson(connection, place(sha), {
        headers,
        body: {
          key: keyOf(name),
          name,
          state: states[state],
          description: description.slice(0, 255),
          url,
        },
      })
    },
  }
}
