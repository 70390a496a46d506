import { createPrivateKey } from 'node:crypto'
import { createAppAuth } from '@octokit/auth-app'
import { request } from '@octokit/request'
import { refusing } from './github.ts'

export interface AppConnection {
  /** of the API, without a slash at the end */
  url: string
  /** OWNER/NAME */
  repository: string
  appId: string
  /** in PEM */
  privateKey: string
  fetch: typeof fetch
}

/** What a GitHub App signs with, as PEM in PKCS #8; null when it is none. */
export function privateKeyOf(text: string): string | null {
  try {
    const key = createPrivateKey(text)
    return key.asymmetricKeyType === 'rsa'
      ? key.export({ type: 'pkcs8', format: 'pem' }).toString()
      : null
  } catch {
    return null
  }
}

/**
 * Tokens of a GitHub App's installation in a repository (https://docs.github.com/apps), which last
 * an hour and are kept that long. Throws a ForgeRefusal when the App is not installed there.
 */
export function createAppTokens(): (connection: AppConnection) => Promise<string> {
  const known = new Map<string, { auth: ReturnType<typeof createAppAuth>; installation: number }>()
  return async ({ url, repository, appId, privateKey, fetch }) => {
    const key = JSON.stringify([url, repository, appId, privateKey])
    const [owner = '', repo = ''] = repository.split('/')
    return refusing(async () => {
      const ask = request.defaults({ baseUrl: url, request: { fetch } })
      let found = known.get(key)
      if (!found) {
        const auth = createAppAuth({ appId, privateKey, request: ask })
        const { token } = await auth({ type: 'app' })
        const headers = { authorization: `Bearer ${token}` }
        const { data } = await ask('GET /repos/{owner}/{repo}/installation', {
          owner,
          repo,
          headers,
        })
        found = { auth, installation: data.id }
        if (known.size > 1000) known.clear()
        known.set(key, found)
      }
      return (
        await found.auth({ type: 'installation', installationId: found.installation, request: ask })
      ).token
    })
  }
}
