import { createHash } from 'node:crypto'
import { askJson, type CommitStatus, type ConnectForge } from '../client.ts'

const states = {
  pending: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const satisfies Record<CommitStatus['state'], string>

/** Of 40 characters at most. */
const keyOf = (name: string): string =>
  name.length <= 40 ? name : createHash('sha256').update(name).digest('hex').slice(0, 40)

/**
 * Cloud: https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses; Data Center:
 * https://developer.atlassian.com/server/bitbucket/rest, builds and deployments. There is no client for either that is kept up, and neither
 * takes deployments from outside in the same way, so that they are told as statuses.
 */
export const bitbucket: ConnectForge = (connection) => {
  const [project = '', repository = ''] = connection.repository.split('/')
  const isCloud = new URL(connection.url).hostname === 'api.bitbucket.org' || connection.url.endsWith('/2.0')
  const place = isCloud
    ? (sha: string) => `${connection.url}/repositories/${project}/${repository}/commit/${sha}/statuses/build`
    : (sha: string) => `${connection.url}/rest/api/latest/projects/${project}/repos/${repository}/commits/${sha}/builds`
  return {
    writeStatus: async ({ sha, name, state, description, url }) => {
      await askJson(connection, place(sha), {
        headers: { authorization: `Bearer ${connection.token}` },
        body: { key: keyOf(name), name, state: states[state], description: description.slice(0, 255), url },
      })
    },
  }
}
