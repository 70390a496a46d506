import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import {
  pullRequestRef,
  readCloudPull,
  readDelivery,
  readServerPull,
} from '../bitbucket-payload.ts'
import { type CommitStatus, type ConnectForge, type ForgeConnection, maxPages } from '../client.ts'
import { connectionConfig } from '../config.ts'
import { defineForge } from '../forge.ts'
import { orNull, requestJson } from '../request.ts'
import { header, isHubSignature } from '../signature.ts'

const publicUrl = 'https://api.bitbucket.org/2.0'

const states = {
  pending: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const satisfies Record<CommitStatus['state'], string>

const page = z.object({
  values: z.array(z.unknown()),
  next: z.string().nullish(),
  isLastPage: z.boolean().optional(),
  nextPageStart: z.number().nullish(),
})

/** The differences between the APIs of Cloud and Data Center. */
interface Product {
  statuses(sha: string): string
  pulls: string
  /** the parameters that list the open pull requests into a branch */
  query(base: string): Record<string, string>
  read(json: unknown): ForgePullRequest
  /** the parameters of the page after page `count`; null after the last one */
  next(answer: z.output<typeof page>, count: number): Record<string, string> | null
}

const isCloud = ({ url }: ForgeConnection): boolean =>
  new URL(url).hostname === new URL(publicUrl).hostname || url.endsWith('/2.0')

/** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses */
function cloud({ url, repository }: ForgeConnection): Product {
  const place = `${url}/repositories/${repository}`
  return {
    statuses: (sha) => `${place}/commit/${sha}/statuses/build`,
    pulls: `${place}/pullrequests`,
    // Without this expression, the list omits drafts.
    query: () => ({ q: 'state="OPEN" AND (draft=true OR draft=false)', pagelen: '50' }),
    read: readCloudPull,
    next: (answer, count) => (answer.next ? { page: String(count + 1) } : null),
  }
}

/** https://developer.atlassian.com/server/bitbucket/rest, builds and deployments */
function dataCenter({ url, repository }: ForgeConnection): Product {
  const [project = '', name = ''] = repository.split('/')
  const place = `${url}/rest/api/latest/projects/${project}/repos/${name}`
  return {
    statuses: (sha) => `${place}/commits/${sha}/builds`,
    pulls: `${place}/pull-requests`,
    query: (base) => ({
      ...{ state: 'OPEN', direction: 'INCOMING', at: `refs/heads/${base}`, limit: '100' },
    }),
    read: readServerPull,
    next: ({ isLastPage, nextPageStart }) =>
      isLastPage === false && typeof nextPageStart === 'number'
        ? { start: String(nextPageStart) }
        : null,
  }
}

/** Bitbucket limits keys to 40 characters. */
const keyOf = (name: string): string =>
  name.length <= 40 ? name : createHash('sha256').update(name).digest('hex').slice(0, 40)

/**
 * No maintained client library exists for either product. They accept deployments in different
 * ways, so that deployments are reported as statuses.
 */
const connect: ConnectForge = async (connection) => {
  const product = isCloud(connection) ? cloud(connection) : dataCenter(connection)
  const headers = { authorization: `Bearer ${connection.token}` }
  const get = (url: string): Promise<unknown> =>
    requestJson(connection, url, { method: 'GET', headers })
  return {
    listPullRequests: async (base) => {
      const pulls: ForgePullRequest[] = []
      let next: Record<string, string> | null = {}
      for (let count = 1; next !== null && count <= maxPages; count += 1) {
        const query = new URLSearchParams({ ...product.query(base), ...next }).toString()
        const answer = page.parse(await get(`${product.pulls}?${query}`))
        pulls.push(...answer.values.map(product.read))
        next = product.next(answer, count)
      }
      return pulls.filter((pull) => pull.base === base)
    },
    getPullRequest: (number) =>
      orNull(async () => product.read(await get(`${product.pulls}/${number}`))),
    writeStatus: async ({ sha, name, state, description, url }) => {
      await requestJson(connection, product.statuses(sha), {
        headers,
        body: {
          ...{ key: keyOf(name), name, state: states[state], url },
          description: description.slice(0, 255),
        },
      })
    },
  }
}

/**
 * Webhooks: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads, and the page of the
 * same name for Data Center.
 */
export default defineForge({
  kind: 'bitbucket',
  title: 'Bitbucket',
  webhook: {
    isSender: (headers) => header(headers, 'x-event-key') !== null,
    isSigned: (headers) => header(headers, 'x-hub-signature') !== null,
    isAuthentic: isHubSignature,
    deliveryId: (headers) => header(headers, 'x-request-uuid') ?? header(headers, 'x-request-id'),
    event: (headers) => header(headers, 'x-event-key') ?? '',
    read: readDelivery,
    example: {
      headers: { 'x-event-key': 'repo:push' },
      payload: {
        actor: { nickname: 'octocat' },
        push: {
          changes: [
            {
              old: { type: 'branch', name: 'main', target: { hash: 'a'.repeat(40) } },
              new: { type: 'branch', name: 'main', target: { hash: 'b'.repeat(40) } },
            },
          ],
        },
      },
    },
  },
  api: {
    publicUrl,
    config: connectionConfig('Bitbucket', publicUrl),
    example: { repository: 'acme/shop', token: 'ATCTT3example' },
    open: () => connect,
    hasIssues: false,
  },
  pullRequestRef,
})
