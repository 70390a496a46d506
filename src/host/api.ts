import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import { fence, hostPaths, hostRelease, hostRoute, type HostStatus } from '#contract/host/host.ts'
import type { Measurements } from '#contract/host/measurements.ts'
import type { Supervisor } from './supervisor.ts'

export interface HostApi {
  supervisor: Supervisor
  status(): HostStatus
  /** The seconds after a number. */
  measurements(after: number): Measurements
  /** Hands over to a new host process; resolves when the new host serves. */
  upgrade(command: [string, ...string[]]): Promise<void>
  stopAll(): Promise<void>
}

type Part = (
  match: Record<string, string>,
  query: URLSearchParams,
  body: unknown,
) => Promise<unknown>
const inEnvironment = z.object({ app: name, environment: name })
const inRelease = inEnvironment.extend({ release: z.coerce.number().int() })
const fenced = z.object({ fence })
const observed = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).max(60_000).default(0),
})
const exposed = z.object({ path: z.string().startsWith('/'), names: z.string() })
const upgrade = z.object({ command: z.tuple([z.string()], z.string()) })

/** The host's API on its Unix socket. Access to the socket grants every right. */
export function createApi(api: HostApi): Server {
  const { supervisor } = api
  const base = '/apps/:app/environments/:environment'
  const routes: [string, string, Part][] = [
    ['GET', '/status', async () => api.status()],
    [
      'GET',
      hostPaths.measurements.path,
      async (_match, query) => api.measurements(Number(query.get('after')) || 0),
    ],
    [
      'POST',
      hostPaths.upgrade.path,
      async (_match, _query, body) => api.upgrade(upgrade.parse(body).command),
    ],
    ['POST', hostPaths.stopAll.path, async () => api.stopAll()],
    [
      'PUT',
      `${base}/releases/:release`,
      async (_match, _query, body) => supervisor.start(hostRelease.parse(body)),
    ],
    [
      'GET',
      `${base}/releases/:release`,
      async (match, query) => {
        const { app, environment, release } = inRelease.parse(match)
        return supervisor.report(
          app,
          environment,
          release,
          Math.min(60_000, Number(query.get('wait') ?? 0)),
        )
      },
    ],
    [
      'GET',
      `${base}/releases/:release/observations`,
      async (match, query) => {
        const { app, environment, release } = inRelease.parse(match)
        const { after, wait } = observed.parse(Object.fromEntries(query))
        return supervisor.observations(app, environment, release, after, wait)
      },
    ],
    [
      'GET',
      `${base}/releases/:release/expositions`,
      async (match, query) => {
        const { app, environment, release } = inRelease.parse(match)
        const { path, names } = exposed.parse(Object.fromEntries(query))
        return {
          instances: await supervisor.expositions(
            app,
            environment,
            release,
            path,
            new Set(names.split(',')),
          ),
        }
      },
    ],
    [
      'POST',
      `${base}/releases/:release/stop`,
      async (match, _query, body) => {
        const { app, environment, release } = inRelease.parse(match)
        await supervisor.stop(app, environment, release, fenced.parse(body).fence)
      },
    ],
    [
      'DELETE',
      `${base}/releases/:release`,
      async (match, _query, body) => {
        const { app, environment, release } = inRelease.parse(match)
        await supervisor.remove(app, environment, release, fenced.parse(body).fence)
      },
    ],
    [
      'PUT',
      `${base}/route`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        supervisor.route(app, environment, hostRoute.parse(body))
      },
    ],
    [
      'GET',
      `${base}/log`,
      async (match, query) => {
        const { app, environment } = inEnvironment.parse(match)
        const lines = Math.min(2000, Number(query.get('lines') ?? 200))
        return {
          lines: supervisor.log(
            app,
            environment,
            Number(query.get('release')),
            query.get('service') ?? undefined,
            lines,
          ),
        }
      },
    ],
    [
      'DELETE',
      base,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        await supervisor.removeEnvironment(app, environment, fenced.partial().parse(body).fence)
      },
    ],
  ]
  const table = routes.map(([method, path, part]) => ({
    method,
    part,
    pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
  }))
  return createServer((request, response) => {
    handle(table, request).then(
      (answer) => send(response, 200, answer ?? { done: true }),
      (error: unknown) => sendError(response, error),
    )
  })
}

async function handle(
  table: { method: string; part: Part; pattern: RegExp }[],
  request: IncomingMessage,
): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://host')
  for (const { method, part, pattern } of table) {
    const match = method === request.method ? pattern.exec(url.pathname) : null
    if (match) return part({ ...match.groups }, url.searchParams, await readBody(request))
  }
  throw new FairleadError('not_found', { kind: 'path', id: url.pathname })
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > 8 * 1024 * 1024)
      throw new FairleadError('too_large', { what: 'The request', limit: '8 MB' })
    chunks.push(chunk)
  }
  if (size === 0) return {}
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    throw new FairleadError('invalid_input', { field: 'body', problem: 'is not JSON' })
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  const failure =
    error instanceof FairleadError
      ? error
      : error instanceof z.ZodError
        ? new FairleadError('invalid_input', {
            field: error.issues[0]?.path.join('.') || 'body',
            problem: error.issues[0]?.message ?? 'is invalid',
          })
        : new FairleadError('internal', { reference: (error as Error).message })
  send(response, failure.status, failure.toProblem())
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
