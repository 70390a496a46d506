import { createVerify, generateKeyPairSync } from 'node:crypto'
import type { Answer, Asked } from './forge-server.ts'

export interface CheckRun {
  id: number
  external_id: string
  head_sha: string
  name: string
  status: string
  conclusion?: string
  output: { title: string; summary: string; annotations: Record<string, unknown>[] }
}

/**
 * What GitHub does for an App, as its documentation says: the App signs who it is, and gets a token
 * of its installation, with which it writes checks.
 */
export function makeGitHubApp(appId: string, installationToken: string) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const checks: CheckRun[] = []
  const isSigned = (jwt: string): boolean => {
    const [head = '', body = '', signature = ''] = jwt.split('.')
    const verify = createVerify('RSA-SHA256').update(`${head}.${body}`)
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString() || '{}') as {
      iss?: unknown
      exp?: number
    }
    return (
      verify.verify(publicKey, signature, 'base64url') &&
      String(claims.iss) === appId &&
      (claims.exp ?? 0) * 1000 > Date.now()
    )
  }
  const answer = ({ method, path, authorization, body }: Asked): Answer | null => {
    const [place = ''] = path.split('?')
    const bearer = authorization.replace(/^bearer /i, '')
    if (place === '/repos/acme/shop/installation')
      return isSigned(bearer)
        ? { status: 200, body: { id: 77 } }
        : { status: 401, body: { message: 'a JSON web token could not be decoded' } }
    if (place === '/app/installations/77/access_tokens') {
      if (!isSigned(bearer))
        return { status: 401, body: { message: 'a JSON web token could not be decoded' } }
      const expires = new Date(Date.now() + 3_600_000).toISOString()
      return {
        status: 201,
        body: { token: installationToken, expires_at: expires, permissions: { checks: 'write' } },
      }
    }
    if (bearer !== installationToken) return { status: 401, body: { message: 'Bad credentials' } }
    const ofCommit = /^\/repos\/acme\/shop\/commits\/([0-9a-f]{40})\/check-runs$/.exec(place)
    if (ofCommit)
      return {
        status: 200,
        body: { check_runs: checks.filter((one) => one.head_sha === ofCommit[1]) },
      }
    if (place === '/repos/acme/shop/check-runs' && method === 'POST') {
      const made = { ...(body as unknown as CheckRun), id: checks.length + 1 }
      checks.push(made)
      return { status: 201, body: made }
    }
    const one = checks.find(({ id }) => place === `/repos/acme/shop/check-runs/${id}`)
    if (one && method === 'PATCH') return { status: 200, body: Object.assign(one, body) }
    return null
  }
  return { key: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), checks, answer }
}
