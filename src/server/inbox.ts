import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { Access } from '#domains/access/access.ts'
import { receivers, statusOf } from '#domains/alert/alertmanager-view.ts'
import type { Alertmanager } from '#flows/monitoring/alertmanager.ts'
import type { Inbox } from '#flows/monitoring/inbox.ts'
import { credentialsOf } from './authorize.ts'

export interface InboxOptions {
  access: Pick<Access, 'authenticate'>
  inbox: Inbox
  alertmanager: Alertmanager
  version: string
  /** when the server started, ISO 8601 */
  started: string
}

/** Bytes of a body: 10,000 alerts, and the limit of PagerDuty. */
const limits = { alerts: 8 * 1024 * 1024, event: 512 * 1024 }

/** An error in the form that clients of an API expect. */
type Shape = (error: FairleadError) => unknown

/** Serves the APIs by which other tools send alerts, and tools of Alertmanager. */
export function addInbox(app: FastifyInstance, options: InboxOptions): void {
  addAlertmanager(app, options)
  addPagerduty(app, options)
  addCloudEvents(app, options)
}

function addAlertmanager(app: FastifyInstance, options: InboxOptions): void {
  const { inbox, alertmanager, version, started } = options
  addScope(
    app,
    ({ message }) => message,
    (scope) => {
      const callers = new WeakMap<FastifyRequest, Caller>()
      // Before the body is read.
      scope.addHook('onRequest', async (request) => {
        callers.set(request, await callerOf(options, request))
      })
      const at = (
        method: 'GET' | 'POST' | 'DELETE',
        path: string,
        answer: (request: FastifyRequest, caller: Caller) => unknown,
      ): void => {
        const url = `/api/v2/${path}`
        const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
          const caller = callers.get(request)
          if (!caller) throw new FairleadError('sign_in_needed')
          void reply.header('cache-control', 'no-store')
          return reply.send((await answer(request, caller)) ?? {})
        }
        scope.route({ method, url, handler, bodyLimit: limits.alerts })
      }
      at('POST', 'alerts', ({ body }, caller) => inbox.postAlerts(body, caller))
      at('GET', 'alerts', (request, caller) => alertmanager.listAlerts(queryOf(request), caller))
      at('GET', 'alerts/groups', (request, caller) =>
        alertmanager.listGroups(queryOf(request), caller),
      )
      at('GET', 'silences', (request, caller) =>
        alertmanager.listSilences(queryOf(request), caller),
      )
      at('POST', 'silences', async ({ body }, caller) => ({
        silenceID: await alertmanager.postSilence(body, caller),
      }))
      at('GET', 'silence/:id', (request, caller) => alertmanager.getSilence(idOf(request), caller))
      at('DELETE', 'silence/:id', (request, caller) =>
        alertmanager.deleteSilence(idOf(request), caller),
      )
      at('GET', 'status', () => statusOf(version, started))
      at('GET', 'receivers', () => receivers)
    },
  )
}

/** The routing key of an event is a token of Fairlead. */
function addPagerduty(app: FastifyInstance, options: InboxOptions): void {
  const { access, inbox } = options
  const problem: Shape = ({ message }) => ({
    ...{ status: 'invalid event', message: 'Event object is invalid', errors: [message] },
  })
  addScope(app, problem, (scope) => {
    const caller = async (request: FastifyRequest): Promise<Caller> => {
      const key = (request.body as { routing_key?: unknown } | null)?.routing_key
      const authorization = typeof key === 'string' ? `Bearer ${key}` : undefined
      const found = await access.authenticate({ authorization, address: request.ip })
      if (!found) throw new FairleadError('sign_in_needed')
      return found
    }
    const route = { method: 'POST', bodyLimit: limits.event } as const
    scope.route({
      ...{ ...route, url: '/v2/enqueue' },
      handler: async (request, reply) => {
        const key = await inbox.enqueue(request.body, await caller(request))
        const answer = { status: 'success', message: 'Event processed', dedup_key: key }
        return reply.status(202).send(answer)
      },
    })
    scope.route({
      ...{ ...route, url: '/v2/change/enqueue' },
      handler: async (request, reply) => {
        await inbox.enqueueChange(request.body, await caller(request))
        return reply.status(202).send({ status: 'success', message: 'Change event processed' })
      },
    })
  })
}

function addCloudEvents(app: FastifyInstance, options: InboxOptions): void {
  addScope(
    app,
    (error) => error.toProblem(),
    (scope) => {
      const callers = new WeakMap<FastifyRequest, Caller>()
      // A sender that follows "HTTP 1.1 Web Hooks for Event Delivery" asks before its first event.
      scope.options('/cloudevents', (_request, reply) =>
        reply.headers({ allow: 'POST', 'webhook-allowed-origin': '*' }).send(),
      )
      scope.route({
        ...{ method: 'POST', url: '/cloudevents', bodyLimit: limits.event },
        onRequest: async (request) => {
          callers.set(request, await callerOf(options, request))
        },
        handler: async (request, reply) => {
          const caller = callers.get(request)
          if (!caller) throw new FairleadError('sign_in_needed')
          await options.inbox.postEvents(eventOf(request), caller)
          return reply.status(202).send({})
        },
      })
    },
  )
}

/** In binary mode, the attributes are headers, and the body is the data. */
function eventOf({ headers, body }: FastifyRequest): unknown {
  if (headers['ce-specversion'] === undefined) return body
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('ce-') ? [[name.slice(3), value]] : [],
  )
  return { ...Object.fromEntries(attributes), data: body }
}

/** Whether the body is the data of a CloudEvent in binary mode that has another type than JSON. */
const isOtherData = ({ headers }: FastifyRequest): boolean =>
  headers['ce-specversion'] !== undefined && !/\bjson\b/.test(headers['content-type'] ?? 'json')

/** Routes with a parser of JSON for every content type, which allows an empty body. */
function addScope(app: FastifyInstance, shape: Shape, add: (scope: FastifyInstance) => void): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'string' },
      async (request: FastifyRequest, text: unknown) => {
        if (text === '') return null
        try {
          return JSON.parse(String(text)) as unknown
        } catch {
          if (isOtherData(request)) return null
          throw new FairleadError('invalid_input', { field: 'body', problem: 'is not JSON' })
        }
      },
    )
    scope.setErrorHandler((error, _request, reply) => {
      // Other errors are those of the whole server.
      if (!(error instanceof FairleadError)) throw error
      return reply
        .status(error.status)
        .header('content-type', 'application/json')
        .send(JSON.stringify(shape(error)))
    })
    add(scope)
  })
}

async function callerOf(
  { access }: Pick<InboxOptions, 'access'>,
  request: FastifyRequest,
): Promise<Caller> {
  const caller = await access.authenticate(credentialsOf(request))
  if (!caller) throw new FairleadError('sign_in_needed')
  return caller
}

const queryOf = ({ query }: FastifyRequest): Record<string, unknown> =>
  query as Record<string, unknown>
const idOf = ({ params }: FastifyRequest): string => (params as { id: string }).id
