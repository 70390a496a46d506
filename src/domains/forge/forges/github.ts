import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { request } from '@octokit/request'
import { z } from 'zod'
import {
  type ConnectForge,
  type ForgeClient,
  type ForgeConnection,
  type ForgeDeployment,
  maxPages,
} from '../client.ts'
import { connectionConfig, token } from '../config.ts'
import { defineForge } from '../forge.ts'
import { createAppTokens, privateKeyOf } from '../github-app.ts'
import { writeCheck } from '../github-check.ts'
import { translateErrors } from '../github-error.ts'
import { gitHubIssues } from '../github-issues.ts'
import { gitHubPullRequestRef, readGitHubDelivery, readGitHubPull } from '../github-payload.ts'
import { ForgeRefusal, orNull } from '../request.ts'
import { header, isHubSignature } from '../signature.ts'

const publicUrl = 'https://api.github.com'

/** With `appId`, the token is the private key of the App; it is stored as PKCS #8. */
const config = connectionConfig('GitHub', publicUrl)
  .extend({ token: z.string(), appId: z.string().optional() })
  .transform((input, context) => {
    if (input.appId === undefined) {
      const checked = token.safeParse(input.token)
      if (!checked.success)
        context.addIssue({ code: 'custom', path: ['token'], message: 'must be one word of ASCII' })
      return input
    }
    const key = privateKeyOf(input.token)
    if (key === null)
      context.addIssue({
        code: 'custom',
        path: ['token'],
        message: 'must be the private key of the App: the PEM file that you downloaded from GitHub',
      })
    return { ...input, token: key ?? '' }
  })

const deploymentStates = {
  pending: 'queued',
  running: 'in_progress',
  success: 'success',
  failure: 'failure',
  inactive: 'inactive',
} as const satisfies Record<ForgeDeployment['state'], string>

function open(): ConnectForge {
  const appToken = createAppTokens()
  return async (connection) => {
    const { appId, token: privateKey } = connection
    if (appId === null) return createClient(connection, false)
    return createClient(
      { ...connection, token: await appToken({ ...connection, appId, privateKey }) },
      true,
    )
  }
}

/**
 * https://docs.github.com/rest/commits/statuses, https://docs.github.com/rest/deployments and
 * https://docs.github.com/rest/pulls
 */
function createClient(connection: ForgeConnection, isApp: boolean): ForgeClient {
  const [owner = '', repo = ''] = connection.repository.split('/')
  const repository = { owner, repo }
  const api = request.defaults({
    baseUrl: connection.url,
    headers: {
      authorization: `Bearer ${connection.token}`,
      'x-github-api-version': '2022-11-28',
    },
    request: { fetch: connection.fetch },
  })

  /** Finds a deployment whose creation was not recorded, by the key in its payload. */
  const find = async ({ key, sha, environment }: ForgeDeployment): Promise<string | null> => {
    const { data } = await api('GET /repos/{owner}/{repo}/deployments', {
      ...repository,
      sha,
      environment,
      per_page: 100,
    })
    const ours = data.find(({ payload }) => marked.safeParse(payload).data?.fairlead === key)
    return ours ? String(ours.id) : null
  }
  const create = async (deployment: ForgeDeployment): Promise<string> => {
    const { data } = await api('POST /repos/{owner}/{repo}/deployments', {
      ...repository,
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
  const writeDeployment = async (
    deployment: ForgeDeployment,
    remote: string | null,
  ): Promise<string> => {
    const id = remote ?? (await find(deployment)) ?? (await create(deployment))
    await api('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
      ...repository,
      deployment_id: Number(id),
      state: deploymentStates[deployment.state],
      log_url: deployment.url,
      ...(deployment.address === null ? {} : { environment_url: deployment.address }),
      description: deployment.description.slice(0, 140),
      auto_inactive: false,
    })
    return id
  }
  const listPullRequests = async (base: string): Promise<ForgePullRequest[]> => {
    const pulls: ForgePullRequest[] = []
    for (let page = 1; page <= maxPages; page += 1) {
      const query = { ...repository, state: 'open' as const, base, per_page: 100, page }
      const { data } = await api('GET /repos/{owner}/{repo}/pulls', query)
      pulls.push(...data.map(readGitHubPull))
      if (data.length < 100) break
    }
    return pulls
  }
  const getPullRequest = async (number: number): Promise<ForgePullRequest> => {
    const query = { ...repository, pull_number: number }
    const { data } = await api('GET /repos/{owner}/{repo}/pulls/{pull_number}', query)
    return readGitHubPull(data)
  }

  return {
    writeStatus: ({ sha, name, state, description, url }) =>
      translateErrors(async () => {
        await api('POST /repos/{owner}/{repo}/statuses/{sha}', {
          ...repository,
          sha,
          state,
          context: name,
          description: description.slice(0, 140),
          target_url: url,
        })
      }),
    ...(isApp
      ? { writeCheck: (check) => translateErrors(() => writeCheck(api, repository, check)) }
      : {}),
    writeDeployment: (deployment, remote) =>
      translateErrors(() => writeDeployment(deployment, remote)),
    issues: gitHubIssues(api, repository),
    listPullRequests: (base) => translateErrors(() => listPullRequests(base)),
    getPullRequest: (number) => orNull(() => translateErrors(() => getPullRequest(number))),
  }
}

const marked = z
  .union([z.string().transform(parseJson), z.unknown()])
  .pipe(z.object({ fairlead: z.string() }))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export default defineForge({
  kind: 'github',
  title: 'GitHub',
  webhook: {
    isSender: (headers) => header(headers, 'x-github-event') !== null,
    isSigned: (headers) => header(headers, 'x-hub-signature-256') !== null,
    isAuthentic: isHubSignature,
    deliveryId: (headers) => header(headers, 'x-github-delivery'),
    event: (headers) => header(headers, 'x-github-event') ?? '',
    read: readGitHubDelivery,
    example: {
      headers: { 'x-github-event': 'push' },
      payload: {
        ...{ ref: 'refs/heads/main', before: 'a'.repeat(40), after: 'b'.repeat(40) },
        sender: { login: 'octocat' },
      },
    },
  },
  api: {
    ...{ publicUrl, config, open, hasIssues: true },
    example: { repository: 'acme/shop', token: 'ghp_example' },
  },
  pullRequestRef: gitHubPullRequestRef,
})
