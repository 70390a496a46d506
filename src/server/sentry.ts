import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FairleadError } from '#contract/errors.ts'
import type { Ingest } from '#flows/error/ingest.ts'
import { holdBodies } from './held-bodies.ts'

const megabyte = 1024 * 1024
const limits = { body: megabyte, ofAddress: 16 * megabyte, all: 64 * megabyte }

/** Pages of any site may send events: the key permits that, and nothing else. */
const openToPages = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
}
const preflight = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type, content-encoding, x-sentry-auth, authorization',
  'access-control-max-age': '86400',
}

/** Whether a request is one of an SDK of Sentry, which any page may make a browser send. */
export const isSdkRequest = (url: string): boolean =>
  /^\/api\/\d+\/(?:envelope|store)\/?(?:\?|$)/.test(url)

/** Serves `POST /api/PROJECT/envelope/` and the older `store/` for SDKs of Sentry. */
export function addSentry(app: FastifyInstance, { ingest }: { ingest: Ingest }): void {
  void app.register(async (scope) => {
    holdBodies(scope, limits)
    const apps = new WeakMap<FastifyRequest, string>()
    for (const kind of ['envelope', 'store'] as const)
      for (const end of ['', '/']) {
        const url = `/api/:project(^\\d{1,9}$)/${kind}${end}`
        scope.options(url, async (_request, reply) =>
          reply
            .headers({ ...openToPages, ...preflight })
            .status(204)
            .send(),
        )
        scope.route({
          method: 'POST',
          url,
          // Runs before the body is read.
          onRequest: async (request, reply) => {
            void reply.headers(openToPages)
            const { project } = request.params as { project: string }
            const { app: owner, wait } = await ingest.admit(Number(project), keyOf(request))
            if (wait > 0) return refuse(reply, wait)
            apps.set(request, owner)
          },
          handler: async (request, reply) => {
            const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
            const encoding = request.headers['content-encoding']
            const { id } = await ingest.receive(apps.get(request) ?? '', { body, encoding, kind })
            return reply.send(id === null ? {} : { id })
          },
        })
      }
  })
}

/** As Sentry does: seconds, categories, and what is limited. */
function refuse(reply: FastifyReply, wait: number): FastifyReply {
  const error = new FairleadError('too_many', { seconds: wait })
  return reply
    .status(429)
    .headers({ 'retry-after': String(wait), 'x-sentry-rate-limits': `${wait}:error:key` })
    .send({ detail: error.message })
}

/** The key is in the header `X-Sentry-Auth` or `Authorization`, or in the query. */
function keyOf(request: FastifyRequest): string {
  const header = request.headers['x-sentry-auth'] ?? request.headers.authorization
  const inHeader =
    typeof header === 'string' ? /\bsentry_key=([0-9a-f]{1,64})\b/.exec(header)?.[1] : undefined
  const asked = (request.query as { sentry_key?: unknown }).sentry_key
  return inHeader ?? (typeof asked === 'string' ? asked : '')
}
