import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:zlib'
import compress from '@fastify/compress'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { apiPrefix } from '#contract/client.ts'
import type { Endpoint } from '#contract/endpoint.ts'
import { type EndpointName, endpoints } from '#contract/endpoints.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, Handlers } from '#contract/handler.ts'
import type { Forge } from '#domains/forge/forge.ts'
import type { Webhooks } from '#domains/forge/webhook.ts'
import type { Access } from '#domains/access/access.ts'
import type { Provider } from '#domains/access/provider.ts'
import type { Ingest } from '#flows/error/ingest.ts'
import type { Logger } from '#platform/log.ts'
import { isDatabaseAway } from '#platform/postgres/postgres.ts'
import {
  type AuthorizeOptions,
  authenticate,
  authorize,
  credentialsOf,
  refuseUnknownApp,
} from './authorize.ts'
import type { Answers } from '#flows/monitoring/answer.ts'
import { addAnswers, isAnswer } from './answers.ts'
import { serveConsole } from './console.ts'
import { holdBodies } from './held-bodies.ts'
import { headerLimits, idleMs, limitBody, limitConnections } from './limits.ts'
import { openApi } from './openapi.ts'
import { parse } from './parse.ts'
import { openMetricsType } from '#platform/open-metrics/open-metrics.ts'
import { guardRequest, httpsHeaders, securityHeaders } from './security.ts'
import { addInbox, type InboxOptions } from './inbox.ts'
import { addSentry, isSdkRequest } from './sentry.ts'
import { addSignIn } from './sign-in.ts'
import { addTerminals, isWebSocket, type TerminalOptions } from './terminals.ts'
import { streamEvents } from './stream.ts'

export interface HttpOptions
  extends
    Pick<InboxOptions, 'inbox' | 'alertmanager' | 'started'>,
    Pick<AuthorizeOptions, 'appOf' | 'isKnownApp'>,
    Pick<TerminalOptions, 'openTerminal'> {
  handlers: Omit<Handlers, 'createSession' | 'deleteSession'>
  access: Access
  /** null when users sign in by links only */
  provider: Provider | null
  webhooks: Pick<Webhooks, 'admit' | 'receive'>
  /** receives the errors that SDKs send */
  ingest: Ingest
  /** serves `/git/APP.git/REST` on the raw request; `address` is that of the client */
  git(
    request: IncomingMessage,
    response: ServerResponse,
    app: string,
    rest: string,
    address: string,
  ): void
  /** folder of the built console, or null when there is none */
  consoleFolder: string | null
  log: Logger
  version: string
  /** host names that requests may use, besides those of this machine */
  hosts: string[]
  /** proxies whose forwarded headers are trusted */
  proxies: string[]
  /** links in messages that acknowledge an alert */
  answers: Answers
  /** the calendar of a rota; null when the key is wrong */
  calendar(rota: string, key: string): Promise<string | null>
  /** the measurements of this installation in OpenMetrics */
  metrics(): Promise<string>
  /** true behind a proxy that terminates HTTPS */
  isHttps: boolean
}

export interface HttpServer {
  listen(port: number, address: string): Promise<void>
  close(): Promise<void>
}

type AnyHandler = (input: unknown, caller: Caller, signal: AbortSignal) => unknown

/** Serves every endpoint of the contract, the git remote, webhooks, and the console. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const app = Fastify({
    bodyLimit: 1024 * 1024,
    http: { ...headerLimits, shouldUpgradeCallback: isWebSocket },
    connectionTimeout: idleMs,
    // A push may take longer than any limit; other bodies must arrive at a least rate.
    requestTimeout: 0,
    forceCloseConnections: true,
    trustProxy: options.proxies.length > 0 ? options.proxies : false,
    routerOptions: { maxParamLength: 300 },
  })
  limitConnections(app.server, options.proxies.length > 0)
  await app.register(compress, {
    // A small body that is decompressed can be large.
    globalDecompression: false,
    encodings: ['br', 'gzip'],
    threshold: 1024,
    // The default quality of 11 is made for files that are compressed once.
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
  })
  const closing = new AbortController()
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(options.isHttps ? { ...securityHeaders, ...httpsHeaders } : securityHeaders)
    if (request.url.startsWith(apiPrefix)) void reply.header('cache-control', 'no-store')
    limitBody(request.raw, request.url.startsWith('/git/'))
    // An event of an SDK and a button of a message need no cookie, and come from pages of any site.
    if (!isSdkRequest(request.url) && !isAnswer(request.url)) guardRequest(request, options.hosts)
  })
  app.setErrorHandler((error, request, reply) => sendError(options.log, error, request, reply))
  for (const [name, endpoint] of Object.entries(endpoints) as [EndpointName, Endpoint][]) {
    if (name === 'createSession' || name === 'deleteSession') continue
    const handler = options.handlers[name] as AnyHandler
    addEndpoint(app, options, endpoint, handler, closing.signal)
  }
  addSignIn(app, options)
  app.get(`${apiPrefix}/openapi.json`, async () => openApi(options.version))
  app.all(`${apiPrefix}/*`, async (request) => {
    throw new FairleadError('not_found', {
      kind: 'endpoint',
      id: `${request.method} ${request.url.split('?')[0]}`,
    })
  })
  addMetrics(app, options)
  addCalendars(app, options)
  addAnswers(app, options.answers)
  const watch = (request: FastifyRequest, caller: Caller) =>
    watchCaller(options.access, request, caller, closing.signal)
  addTerminals(app, options, watch)
  addGit(app, options)
  addWebhooks(app, options)
  addSentry(app, options)
  addInbox(app, options)
  await serveConsole(app, options.consoleFolder)
  return {
    listen: async (port, address) => void (await app.listen({ port, host: address })),
    close: async () => {
      closing.abort()
      await app.close()
    },
  }
}

function addEndpoint(
  app: FastifyInstance,
  options: HttpOptions,
  endpoint: Endpoint,
  handler: AnyHandler,
  closing: AbortSignal,
): void {
  app.route({
    method: endpoint.method,
    url: `${apiPrefix}${endpoint.path.replace(/\{(\w+)\}/g, ':$1')}`,
    handler: async (request, reply) => {
      const caller = await authenticate(options, request, endpoint)
      const query = { ...(request.query as object) } as Record<string, unknown>
      const last = request.headers['last-event-id']
      if (endpoint.events && typeof last === 'string' && /^\d+$/.test(last)) query['after'] = last
      const input = {
        params: parse('path', endpoint.params, request.params),
        query: parse('query', endpoint.query, query),
        body: endpoint.method === 'GET' ? {} : parse('body', endpoint.body, request.body ?? {}),
      }
      await authorize(options, caller, endpoint, input)
      await refuseUnknownApp(options, input)
      if (!endpoint.events) return handler(input, caller, AbortSignal.any([closing]))
      const watch = watchCaller(options.access, request, caller, closing)
      const open = (signal: AbortSignal) => handler(input, caller, signal) as AsyncIterable<never>
      await streamEvents(request, reply, open, watch.signal).finally(watch.stop)
      return reply
    },
  })
}

/** Milliseconds between two checks that a caller may still read a stream. */
const watchEvery = 500

/**
 * Aborts when the server closes, and when a caller is signed out, is disabled, or has other
 * permissions than before. The client then reconnects, and is authorized again.
 */
function watchCaller(
  access: Access,
  request: FastifyRequest,
  before: Caller,
  closing: AbortSignal,
): { signal: AbortSignal; stop: () => void } {
  const changed = new AbortController()
  const check = async (): Promise<void> => {
    // An unavailable database is no reason to end a stream.
    const now = await access.authenticate(credentialsOf(request)).catch(() => before)
    const isSame =
      now !== null &&
      now.role === before.role &&
      JSON.stringify(now.apps) === JSON.stringify(before.apps)
    if (!isSame) changed.abort()
  }
  const timer = setInterval(() => void check(), watchEvery)
  const signal = AbortSignal.any([changed.signal, closing])
  return { signal, stop: () => clearInterval(timer) }
}

/** Serves `/metrics` to callers who may see every app, such as a Prometheus with a token. */
function addMetrics(app: FastifyInstance, options: HttpOptions): void {
  app.get('/metrics', async (request, reply) => {
    const caller = await authenticate(options, request, endpoints.listMachineSignals)
    const nothing = { params: {}, query: {}, body: {} }
    await authorize(options, caller, endpoints.listMachineSignals, nothing)
    return reply.header('content-type', openMetricsType).send(await options.metrics())
  })
}

/** Serves the calendars of rotas. Calendar programs cannot sign in, so the address has a key. */
function addCalendars(app: FastifyInstance, { calendar }: HttpOptions): void {
  app.get('/calendars/:file', async (request, reply) => {
    const { file } = request.params as { file: string }
    const { key } = request.query as { key?: unknown }
    const text =
      typeof key === 'string' && file.endsWith('.ics')
        ? await calendar(file.slice(0, -'.ics'.length), key)
        : null
    if (text === null) throw new FairleadError('not_found', { kind: 'calendar', id: file })
    return reply
      .headers({ 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'no-store' })
      .send(text)
  })
}

/** Routes requests of git, whose bodies are streams that no parser may read. */
function addGit(app: FastifyInstance, { git }: HttpOptions): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.all('/git/:app/*', (request: FastifyRequest, reply: FastifyReply) => {
      const { app: name, '*': rest } = request.params as { app: string; '*': string }
      reply.hijack()
      git(request.raw, reply.raw, name.replace(/\.git$/, ''), `/${rest}`, request.ip)
    })
  })
}

const megabyte = 1024 * 1024
/**
 * Forges send at most 25 MB. A signature covers the whole body, so a body is held until it is
 * verified.
 */
const webhookLimits = { body: 25 * megabyte, ofAddress: 50 * megabyte, all: 100 * megabyte }

function addWebhooks(app: FastifyInstance, { webhooks }: HttpOptions): void {
  void app.register(async (scope) => {
    holdBodies(scope, webhookLimits)
    const appOf = (request: FastifyRequest): string => (request.params as { app: string }).app
    const senders = new WeakMap<FastifyRequest, Forge>()
    scope.route({
      method: 'POST',
      url: '/webhooks/:app',
      // Runs before the body is read, which an unsigned delivery is not.
      onRequest: async (request) => {
        senders.set(request, await webhooks.admit(appOf(request), request.headers))
      },
      handler: async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const forge = senders.get(request)
        if (!forge)
          throw new FairleadError('webhook_refused', {
            why: 'its headers match no supported sender',
          })
        const { number, state, isRepeat } = await webhooks.receive(
          forge,
          appOf(request),
          request.headers,
          body,
          request.ip,
        )
        return reply.status(202).send({ number, state, isRepeat })
      },
    })
    // Senders of CloudEvents request this before the first delivery: HTTP 1.1 Web Hooks for Event
    // Delivery, section 4.
    scope.options('/webhooks/:app', async (request, reply) => {
      const origin = request.headers['webhook-request-origin']
      if (typeof origin !== 'string' || !/^[\w.-]{1,253}$/.test(origin))
        throw new FairleadError('invalid_input', {
          field: 'WebHook-Request-Origin',
          problem: 'is missing or not a host name',
        })
      return reply
        .headers({ 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*', allow: 'POST' })
        .send('')
    })
  })
}

function sendError(
  log: Logger,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const known = translate(error)
  if (known.code === 'internal') {
    log.error('a request failed with an internal error', {
      reference: known.details['reference'],
      method: request.method,
      path: request.url.split('?')[0],
      error: (error as Error).stack ?? String(error),
    })
  }
  void reply
    .status(known.status)
    .header('content-type', 'application/problem+json')
    .send(known.toProblem())
}

function translate(error: unknown): FairleadError {
  if (error instanceof FairleadError) return error
  if (isDatabaseAway(error)) return new FairleadError('unavailable', { what: 'The database' })
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new FairleadError('too_large', {
      what: 'The request',
      limit: '1 MB',
    })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new FairleadError('invalid_input', {
      field: 'body',
      problem: 'must be application/json',
    })
  if (statusCode === 400)
    return new FairleadError('invalid_input', { field: 'body', problem: 'is not JSON' })
  // A forbidden file is reported as missing.
  if (statusCode === 404 || statusCode === 403)
    return new FairleadError('not_found', { kind: 'page', id: 'at this address' })
  return new FairleadError('internal', { reference: randomBytes(4).toString('hex') })
}
