import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  sessionCookie,
  sessionKeyName,
  signInCookie,
  signInMinutes,
  type SignInProblem,
} from '#contract/access/access.ts'
import { apiPrefix } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import type { Access } from '#domains/access/access.ts'
import { cookieOf } from '#domains/access/credentials.ts'
import { sessionDays } from '#domains/access/session-store.ts'
import { type Provider, SignInError } from '#domains/access/provider.ts'
import type { Logger } from '#platform/log.ts'
import { authenticate, credentialsOf } from './authorize.ts'
import { parse } from './parse.ts'

export interface SignInOptions {
  access: Access
  /** null when users sign in by links only */
  provider: Provider | null
  log: Logger
  /** true behind a proxy that terminates HTTPS */
  isHttps: boolean
}

const sessionSeconds = sessionDays * 86_400

/** Adds the routes to sign in, by a link or through the provider, and to sign out. */
export function addSignIn(app: FastifyInstance, options: SignInOptions): void {
  const { access, isHttps, provider } = options
  const secure = isHttps ? '; Secure' : ''
  const cookie = (value: string, seconds: number): string =>
    `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`
  app.post(`${apiPrefix}${endpoints.createSession.path}`, async (request, reply) => {
    const body = parse('body', endpoints.createSession.body, request.body ?? {}) as { code: string }
    const { caller, secret, key } = await access.signIn.byLink(body.code, credentialsOf(request))
    void reply.header('set-cookie', cookie(secret, sessionSeconds))
    return { name: caller.name, role: caller.role, apps: caller.apps, key }
  })
  app.delete(`${apiPrefix}${endpoints.deleteSession.path}`, async (request, reply) => {
    const caller = await authenticate(options, request, endpoints.deleteSession)
    const session = caller.session === null ? null : await access.sessions.get(caller.session)
    if (session) await access.sessions.end(session, caller)
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
 * Adds the redirect to the provider and the page it answers to. The answer comes from another site,
 * so the cookie of the sign-in has to be `Lax`.
 */
function addProvider(
  app: FastifyInstance,
  { access, provider, log, cookie, secure }: ProviderOptions,
): void {
  const state = (value: string, seconds: number): string =>
    `${signInCookie}=${value}; Path=/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`
  const fail = (reply: FastifyReply, problem: SignInProblem): FastifyReply =>
    reply.header('set-cookie', state('', 0)).redirect(`/sign-in?problem=${problem}`)
  const guarded =
    (handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      void reply.header('cache-control', 'no-store')
      const origin = credentialsOf(request)
      if (access.signIn.mustWait(origin.address)) return fail(reply, 'busy')
      try {
        return await handle(request, reply)
      } catch (error) {
        if (!(error instanceof SignInError)) throw error
        log.warn('a sign-in through the provider failed', {
          problem: error.problem,
          error: error.message,
        })
        await access.signIn.refuse(origin, error.problem)
        return fail(reply, error.problem)
      }
    }
  app.get(
    '/oidc/start',
    guarded(async (request, reply) => {
      const { next } = request.query as { next?: unknown }
      const started = await provider.start(typeof next === 'string' ? next : undefined)
      return reply
        .header('set-cookie', state(started.cookie, signInMinutes * 60))
        .redirect(started.url.href)
    }),
  )
  app.get(
    '/oidc/callback',
    guarded(async (request, reply) => {
      const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
      const answer = await provider.complete(query, cookieOf(request.headers.cookie, signInCookie))
      const { secret, key } = await access.signIn.byProvider(answer, credentialsOf(request))
      return reply
        .header('set-cookie', [state('', 0), cookie(secret, sessionSeconds)])
        .redirect(`${answer.next.split('#')[0]}#${sessionKeyName}=${key}`)
    }),
  )
}
