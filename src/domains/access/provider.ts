import { createHash } from 'node:crypto'
import type { ClientAuth, Configuration } from 'openid-client'
import { safePage, signInMinutes, type SignInProblem } from '#contract/access/access.ts'
import { type Claims, type ProviderSettings, readClaims } from './provider-settings.ts'

/** A failed sign-in. The sign-in page shows the problem; the message is only for the log. */
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

/** Milliseconds for which the metadata of the provider is reused. */
const metadataMs = 3_600_000
/** Seconds within which the provider has to answer a request. */
const timeoutSeconds = 5

/** Loaded on demand: most installations have no provider, and loading takes time and memory. */
const library = () => import('openid-client')
type Library = Awaited<ReturnType<typeof library>>

export type Provider = ReturnType<typeof createProvider>

/**
 * Sign-in by OpenID Connect: the authorization code flow with PKCE, `state`, `nonce` and `iss`. The
 * provider is only contacted for a sign-in, so that its failure affects neither the start of the
 * server nor users with a session.
 */
export function createProvider({ settings, publicUrl, now, random }: ProviderOptions) {
  const redirect = `${publicUrl}/oidc/callback`
  let cached: { config: Configuration; until: number } | null = null

  const configuration = async (client: Library): Promise<Configuration> => {
    if (cached && cached.until > now()) return cached.config
    const isPlain = settings.issuer.protocol === 'http:'
    const { clientId, clientSecret, issuer } = settings
    try {
      const config = await client.discovery(
        issuer,
        clientId,
        {},
        clientAuth(client, clientSecret),
        {
          timeout: timeoutSeconds,
          execute: [
            client.enableNonRepudiationChecks,
            ...(isPlain ? [client.allowInsecureRequests] : []),
          ],
        },
      )
      cached = { config, until: now() + metadataMs }
      return config
    } catch (error) {
      throw new SignInError('unreachable', `the provider did not answer: ${safeMessage(error)}`, {
        cause: error,
      })
    }
  }

  return {
    name: settings.name,
    issuer: settings.issuer.href,
    /** Returns the URL to send the browser to, and the cookie that binds the answer to it. */
    start: async (next: string | undefined): Promise<{ url: URL; cookie: string }> => {
      const client = await library()
      const config = await configuration(client)
      const cookie = [
        now().toString(36),
        random(32).toString('base64url'),
        base64url(safePage(next)),
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
     * Verifies the answer of the provider. Returns the claims about the user, the page to go to,
     * and the key of the answer, which must be used only once. Throws a `SignInError`.
     */
    complete: async (
      query: string,
      cookie: string | null,
    ): Promise<{ claims: Claims; next: string; answer: string }> => {
      const [time = '', , page = ''] = cookie?.split('.') ?? []
      const age = now() - Number.parseInt(time, 36)
      if (cookie === null || !(age >= 0 && age < signInMinutes * 60_000))
        throw new SignInError('expired', 'there is no cookie of a sign-in in progress')
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
        const next = safePage(Buffer.from(page, 'base64url').toString('utf8'))
        return { claims: readClaims(settings, claims), next, answer: derive('once', cookie) }
      } catch (error) {
        throw new SignInError(problemOf(client, error), safeMessage(error), { cause: error })
      }
    },
    /** The page that signs out at the provider; null when it has none or does not answer. */
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
 * Every secret of a sign-in is derived from its cookie: nothing has to be stored, and a changed
 * cookie matches no answer.
 */
const derive = (purpose: string, cookie: string): string =>
  createHash('sha256').update(`${purpose} ${cookie}`).digest('base64url')

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** Sends the client secret in the header, unless the provider only supports the body. */
function clientAuth(client: Library, secret: string | null): ClientAuth {
  if (secret === null) return client.None()
  return (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
    const auth = methods.includes('client_secret_basic')
      ? client.ClientSecretBasic
      : client.ClientSecretPost
    return auth(secret)(server, ...rest)
  }
}

const noAnswerCodes = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
])

function problemOf(client: Library, error: unknown): SignInProblem {
  if (error instanceof client.AuthorizationResponseError)
    return error.error === 'temporarily_unavailable' || error.error === 'server_error'
      ? 'unreachable'
      : 'refused'
  // The provider rejects the code: it was used before or has expired.
  if (error instanceof client.ResponseBodyError)
    return error.error === 'invalid_grant' ? 'expired' : 'unreachable'
  if (!(error instanceof client.ClientError)) return 'unreachable'
  return noAnswerCodes.has(error.code ?? '') ? 'unreachable' : 'forged'
}

/** Only the message of the library: a response may contain codes and tokens. */
function safeMessage(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return [message ?? 'unknown error', code].filter(Boolean).join(', ')
}
