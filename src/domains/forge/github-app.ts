import { createPrivateKey } from 'node:crypto'
import type { createAppAuth } from '@octokit/auth-app'
import { request } from '@octokit/request'
import { translateErrors } from './github-error.ts'

export interface AppConnection {
  /** of the API, without a slash at the end */
  url: string
  /** OWNER/NAME */
  repository: string
  appId: string
  /** PEM */
  privateKey: string
  fetch: typeof fetch
}

/** Converts the private key of a GitHub App to PKCS #8 PEM; null when the text is no RSA key. */
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
 * Returns a function that fetches installation access tokens of GitHub Apps
 * (https://docs.github.com/apps) and caches each for the hour that it is valid. It throws a
 * ForgeRefusal when the App is not installed in the repository.
 */
export function createAppTokens(): (connection: AppConnection) => Promise<string> {
  const cache = new Map<string, { auth: ReturnType<typeof createAppAuth>; installation: number }>()
  return ({ url, repository, appId, privateKey, fetch }) =>
    translateErrors(async () => {
      const key = JSON.stringify([url, repository, appId, privateKey])
      const [owner = '', repo = ''] = repository.split('/')
      const api = request.defaults({ baseUrl: url, request: { fetch } })
      let app = cache.get(key)
      if (!app) {
        const library = await import('@octokit/auth-app')
        const auth = library.createAppAuth({ appId, privateKey, request: api })
        const { token } = await auth({ type: 'app' })
        const headers = { authorization: `Bearer ${token}` }
        const place = { owner, repo, headers }
        const { data } = await api('GET /repos/{owner}/{repo}/installation', place)
        app = { auth, installation: data.id }
        if (cache.size > 1000) cache.clear()
        cache.set(key, app)
      }
      const wanted = { type: 'installation', installationId: app.installation } as const
      return (await app.auth({ ...wanted, request: api })).token
    })
}
