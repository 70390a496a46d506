import { createHash } from 'node:crypto'
import type { ClientAuth, Configuration } from 'openid-client'
import { pageWithin, type SignInProblem } from '#contract/access/access.ts'
import { type Claims, type ProviderSettings, readClaims } from './provider-settings.ts'

/**
 * A sign-in that came to nothing, and why, as the page is told; the message is for the log alone.
 */
export class SignInError extends Error {
  readonly problem: SignInProblem
  constructor(problem: SignInProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

export interface ProviderOptions {
  settings: ProviderSettings
  publicUrl: string
  now(): number
  random(bytes: number): Buffer
}

/** What the provider says of itself is believed so long; how long it may take to answer. */
const believeMs = 3_600_000
const patienceSeconds = 5
/** A sign-in may take so long; where answers are remembered, this long. */
export const signInMinutes = 10

/**
 * Read when somebody signs in: most installations have no provider, and it takes time and memory.
 */
const library = () => import('openid-client')
type Library = Awaited<ReturnType<typeof library>>

export type Provider = ReturnType<typeof createProvider>

/**
 * Sign-in by OpenID Connect: authorization code with PKCE, state, nonce and `iss`. Nothing is asked
 * of the provider before somebody signs in, so that it holds up neither the start nor whoever has a
 * session.
 */
export function createProvider({ settings, publicUrl, now, random }: ProviderOptions) {
  const redirect = `${publicUrl}/oidc/callback`
  let known: { config: Configuration; until: number } | null = null

  const configuration = async (client: Library): Promise<Configuration> => {
    if (known && known.until > now()) return known.config
    const isPlain = settings.issuer.protocol === 'http:'
    const { clientId, clientSecret, issuer } = settings
    try {
      const config = await client.discovery(
        issuer,
        clientId,
        {},
        clientAuth(client, clientSecret),
        {
          timeout: patienceSeconds,
          execute: [
            client.enableNonRepudiationChecks,
            ...(isPlain ? [client.allowInsecureRequests] : []),
          ],
        },
      )
      known = { config, until: now() + believeMs }
      return config
    } catch (error) {
      throw new SignInError('unreachable', `the provider cannot be asked: ${wordsOf(error)}`, {
        cause: error,
      })
    }
  }

  return {
    name: settings.name,
    issuer: settings.issuer.href,
    /** Where to send the browser, and the cookie that binds what comes back to it. */
    begin: async (next: string | undefined): Promise<{ url: URL; cookie: string }> => {
      const client = await library()
      const config = await configuration(client)
      const cookie = [
        now().toString(36),
        random(32).toString('base64url'),
        base64url(pageWithin(next)),
      ].join('.')
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirect,
        scope: settings.scopes,
        code_challenge: await client.calculatePKCECodeChallenge(derive('verifier', cookie)),
        code_challenge_method: 'S256',
        state: derive('state', cookie),
        nonce: derive('nonce', cookie),
      })
      return { url, cookie }
    },
    /**
     * Who signed in, and where to go then. `once` is the name of this answer, which may be taken
     * once.
     */
    finish: async (
      query: string,
      cookie: string | null,
    ): Promise<{ claims: Claims; next: string; once: string }> => {
      const [time = '', , page = ''] = cookie?.split('.') ?? []
      const age = now() - Number.parseInt(time, 36)
      if (cookie === null || !(age >= 0 && age < signInMinutes * 60_000))
        throw new SignInError('expired', 'there is no cookie of a sign-in under way')
      const client = await library()
      const config = await configuration(client)
      try {
        const tokens = await client.authorizationCodeGrant(config, new URL(`${redirect}${query}`), {
          pkceCodeVerifier: derive('verifier', cookie),
          expectedState: derive('state', cookie),
          expectedNonce: derive('nonce', cookie),
          idTokenExpected: true,
        })
        const claims = { ...tokens.claims() }
        if (config.serverMetadata().userinfo_endpoint !== undefined)
          Object.assign(
            claims,
            await client.fetchUserInfo(config, tokens.access_token, String(claims['sub'])),
          )
        const next = pageWithin(Buffer.from(page, 'base64url').toString('utf8'))
        return { claims: readClaims(settings, claims), next, once: derive('once', cookie) }
      } catch (error) {
        throw new SignInError(problemOf(client, error), wordsOf(error), { cause: error })
      }
    },
    /** Where the provider signs out, too; null when it has no such page, or does not answer. */
    logoutUrl: async (): Promise<string | null> => {
      const client = await library()
      const config = await configuration(client).catch(() => null)
      if (config?.serverMetadata().end_session_endpoint === undefined) return null
      return client.buildEndSessionUrl(config, { post_logout_redirect_uri: `${publicUrl}/sign-in` })
        .href
    },
  }
}

/**
 * All that is secret of a sign-in follows from its cookie, so that nothing of it is stored, and a
 * changed cookie fits nothing.
 */
const derive = (what: string, cookie: string): string =>
  createHash('sha256').update(`${what} ${cookie}`).digest('base64url')

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** In the header, unless the provider says that it only takes it in the body. */
function clientAuth(client: Library, secret: string | null): ClientAuth {
  if (secret === null) return client.None()
  return (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: ways = ['client_secret_basic'] } = server
    const auth = ways.includes('client_secret_basic')
      ? client.ClientSecretBasic
      : client.ClientSecretPost
    return auth(secret)(server, ...rest)
  }
}

const isNoAnswer = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
])

function problemOf(client: Library, error: unknown): SignInProblem {
  if (error instanceof client.AuthorizationResponseError)
    return error.error === 'temporarily_unavailable' || error.error === 'server_error'
      ? 'unreachable'
      : 'refused'
  // The provider itself does not take the code: it was used, or is too old.
  if (error instanceof client.ResponseBodyError)
    return error.error === 'invalid_grant' ? 'expired' : 'unreachable'
  if (!(error instanceof client.ClientError)) return 'unreachable'
  return isNoAnswer.has(error.code ?? '') ? 'unreachable' : 'forged'
}

/** Never more than the library's own words: responses may hold codes and tokens. */
function wordsOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return [message ?? 'something broke', code].filter(Boolean).join(', ')
}
