import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SignInProblem } from '#contract/access/access.ts'
import { apiPrefix } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { type Access, cookieOf, sessionCookie } from '#domains/access/access.ts'
import { type Provider, SignInError, signInMinutes } from '#domains/access/provider.ts'
import type { Logger } from '#platform/log.ts'
import { authenticate, credentialsOf } from './authorize.ts'
import { parse } from './parse.ts'

export interface SignInOptions {
  access: Access
  /** null when people sign in by links alone */
  provider: Provider | null
  log: Logger
  /** people come by HTTPS, through a proxy that speaks it */
  isHttps: boolean
}

const stateCookie = 'fairlead_sign_in'

/** To sign in, by a link or a provider, and out. */
export function addSignIn(app: FastifyInstance, options: SignInOptions): void {
  const { access, isHttps, provider } = options
  const secure = isHttps ? '; Secure' : ''
  const cookie = (value: string, seconds: number): string =>
    `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`
  app.post(`${apiPrefix}${endpoints.createSession.path}`, async (request, reply) => {
    const body = parse('body', endpoints.createSession.body, request.body ?? {}) as { code: string }
    const { caller, session } = await access.createSession(body.code, credentialsOf(request))
    void reply.header('set-cookie', cookie(session, 7 * 86_400))
    return { name: caller.name, role: caller.role, apps: caller.apps }
  })
  app.delete(`${apiPrefix}${endpoints.deleteSession.path}`, async (request, reply) => {
    const caller = await authenticate(options, request, endpoints.deleteSession)
    const session = caller.session === null ? null : await access.getSession(caller.session)
    if (session) await access.endSession(session, caller)
    void reply.header('set-cookie', cookie('', 0))
    return {
      done: true,
      logout: session?.way === 'provider' ? ((await provider?.logoutUrl()) ?? null) : null,
    }
  })
  if (provider) addProvider(app, { ...options, provider, cookie, secure })
}

interface ProviderOptions extends SignInOptions {
  provider: Provider
  cookie(value: string, seconds: number): string
  secure: string
}

/**
 * There and back again. The cookie comes along with an answer from another site, which one that is
 * `Strict` would not.
 */
function addProvider(
  app: FastifyInstance,
  { access, provider, log, cookie, secure }: ProviderOptions,
): void {
  const state = (value: string, seconds: number): string =>
    `${stateCookie}=${value}; Path=/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`
  const back = (reply: FastifyReply, problem: SignInProblem): FastifyReply =>
    reply.header('set-cookie', state('', 0)).redirect(`/sign-in?problem=${problem}`)
  const guarded =
    (act: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      void reply.header('cache-control', 'no-store')
      const origin = credentialsOf(request)
      if (access.mustWait(origin.address)) return back(reply, 'busy')
      try {
        return await act(request, reply)
      } catch (error) {
        if (!(error instanceof SignInError)) throw error
        log.warn('a sign-in by the provider came to nothing', {
          problem: error.problem,
          error: error.message,
        })
        await access.refuse(origin, error.problem)
        return back(reply, error.problem)
      }
    }
  app.get(
    '/oidc/start',
    guarded(async (request, reply) => {
      const { next } = request.query as { next?: unknown }
      const begun = await provider.begin(typeof next === 'string' ? next : undefined)
      return reply
        .header('set-cookie', state(begun.cookie, signInMinutes * 60))
        .redirect(begun.url.href)
    }),
  )
  app.get(
    '/oidc/callback',
    guarded(async (request, reply) => {
      const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
      const done = await provider.finish(query, cookieOf(request.headers.cookie, stateCookie))
      const { session } = await access.createSessionBy(done, credentialsOf(request))
      return reply
        .header('set-cookie', [state('', 0), cookie(session, 7 * 86_400)])
        .redirect(done.next)
    }),
  )
}
