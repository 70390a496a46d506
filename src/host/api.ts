import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import { fence } from '#contract/host/fence.ts'
import { hostMaintenance } from '#contract/host/maintenance.ts'
import { hostPaths } from '#contract/host/paths.ts'
import { hostRelease } from '#contract/host/release.ts'
import { hostScale } from '#contract/host/scale.ts'
import { hostRoute } from '#contract/host/route.ts'
import type { HostStatus } from '#contract/host/status.ts'
import { outputPlaces } from '#contract/host/output.ts'
import { driftFile, driftRepair, driftRequest } from '#contract/drift/host.ts'
import { rehearsalRequest } from '#contract/rehearsal/host.ts'
import type { Measurements } from '#contract/host/measurements.ts'
import { hostMonitors } from '#contract/host/monitors.ts'
import { hostRoster } from '#contract/host/roster.ts'
import { commandRoutes } from './command/routes.ts'
import { serveTerminals } from './command/serve-terminals.ts'
import { hostSwitches, hostSwitchRequest } from '#contract/host/switches.ts'
import type { Blobs } from './blobs.ts'
import { serveBlob } from './serve-blobs.ts'
import { faultRoutes } from './fault/routes.ts'
import type { MaintenancePages } from './maintenance.ts'
import type { HostChecks } from './monitors.ts'
import type { Pager } from './pager.ts'
import type { Scale } from './scale.ts'
import type { Part, Route } from './route.ts'
import type { Supervisor } from './supervisor.ts'
import { doneStatusRequests } from '#contract/host/status-requests.ts'
import { statusPages } from '#contract/status-page/pages.ts'
import type { StatusPageServer } from './status-page/server.ts'
import type { SwitchServer } from './switches/switches.ts'

export interface HostApi {
  supervisor: Supervisor
  monitors: Pick<HostChecks, 'set' | 'after' | 'hurry'>
  switches: Pick<SwitchServer, 'set' | 'report' | 'list' | 'change'>
  pager: Pick<Pager, 'set'>
  maintenance: MaintenancePages
  scale: Pick<Scale, 'set'>
  statusPage: Pick<StatusPageServer, 'set' | 'take'>
  blobs: Blobs
  status(): HostStatus
  /** The seconds after a number. */
  measurements(after: number, waitMs: number): Promise<Measurements>
  /** Hands over to a new host process; resolves when the new host serves. */
  upgrade(command: [string, ...string[]]): Promise<void>
  stopAll(): Promise<void>
}

const inEnvironment = z.object({ app: name, environment: name })
const inRelease = inEnvironment.extend({ release: z.coerce.number().int() })
const inSwitch = inEnvironment.extend({ switch: name })
const fenced = z.object({ fence })
const stoppedServices = fenced.extend({ services: z.array(name) })
const removal = fenced.partial().extend({ leaveMs: z.number().int().min(0).optional() })
const restarted = z.object({ service: name })
const observed = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).max(60_000).default(0),
})
const exposed = z.object({
  path: z.string().startsWith('/'),
  names: z.string().optional(),
  service: z.string().optional(),
})
const upgrade = z.object({ command: z.tuple([z.string()], z.string()) })

/** The host's API on its Unix socket. Access to the socket grants every right. */
export function createApi(api: HostApi): Server {
  const { supervisor, monitors, switches, pager } = api
  const base = '/apps/:app/environments/:environment'
  const routes: Route[] = [
    ...commandRoutes(supervisor.commands, base),
    ...faultRoutes(supervisor.faults, base),
    ['GET', '/status', async () => api.status()],
    [
      'GET',
      hostPaths.measurements.path,
      async (_match, query) => {
        const { after, wait } = observed.parse(Object.fromEntries(query))
        return api.measurements(after, wait)
      },
    ],
    [
      'POST',
      hostPaths.upgrade.path,
      async (_match, _query, body) => api.upgrade(upgrade.parse(body).command),
    ],
    [
      'PUT',
      hostPaths.setMonitors.path,
      async (_match, _query, body) => monitors.set(hostMonitors.parse(body)),
    ],
    [
      'GET',
      hostPaths.monitors.path,
      async (_match, query) => monitors.after(Number(query.get('after')) || 0),
    ],
    [
      'PUT',
      hostPaths.setSwitches.path,
      async (_match, _query, body) => switches.set(hostSwitches.parse(body)),
    ],
    [
      'PUT',
      hostPaths.setMaintenance.path,
      async (_match, _query, body) => api.maintenance.set(hostMaintenance.parse(body)),
    ],
    [
      'PUT',
      hostPaths.setScale.path,
      async (_match, _query, body) => api.scale.set(hostScale.parse(body)),
    ],
    ['GET', hostPaths.switches.path, async () => switches.report()],
    [
      'GET',
      `${base}/switches`,
      async (match) => {
        const { app, environment } = inEnvironment.parse(match)
        return { switches: switches.list(app, environment) }
      },
    ],
    [
      'PUT',
      `${base}/switches/:switch`,
      async (match, _query, body) => {
        const { app, environment, switch: name } = inSwitch.parse(match)
        switches.change({ app, environment, name }, hostSwitchRequest.parse(body))
      },
    ],
    [
      'PUT',
      hostPaths.setRoster.path,
      async (_match, _query, body) => pager.set(hostRoster.parse(body)),
    ],
    [
      'PUT',
      hostPaths.setStatusPages.path,
      async (_match, _query, body) => api.statusPage.set(statusPages.parse(body)),
    ],
    [
      'POST',
      hostPaths.takeStatusRequests.path,
      async (_match, _query, body) => ({
        requests: api.statusPage.take(doneStatusRequests.parse(body).done),
      }),
    ],
    ['POST', hostPaths.stopAll.path, async () => api.stopAll()],
    [
      'POST',
      hostPaths.output.path,
      async (_match, _query, body) => supervisor.output(outputPlaces.parse(body)),
    ],
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
        const { path, names, service } = exposed.parse(Object.fromEntries(query))
        return {
          instances: await supervisor.expositions(app, environment, release, {
            ...{ path, service },
            names: names === undefined ? null : new Set(names.split(',')),
          }),
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
      'POST',
      `${base}/rehearsals`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        return supervisor.examiner.rehearse(app, environment, rehearsalRequest.parse(body))
      },
    ],
    [
      'POST',
      `${base}/drift`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        return supervisor.examiner.findDrift(app, environment, driftRequest.parse(body))
      },
    ],
    [
      'POST',
      `${base}/drift/repair`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        await supervisor.examiner.repairDrift(app, environment, driftRepair.parse(body))
      },
    ],
    [
      'POST',
      `${base}/drift/file`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        return { text: supervisor.examiner.driftFile(app, environment, driftFile.parse(body)) }
      },
    ],
    [
      'POST',
      `${base}/releases/:release/restart`,
      async (match, _query, body) => {
        const { app, environment, release } = inRelease.parse(match)
        const { service } = restarted.parse(body)
        return { problem: await supervisor.restart(app, environment, release, service) }
      },
    ],
    [
      'PUT',
      `${base}/route`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        supervisor.route(app, environment, hostRoute.parse(body))
        monitors.hurry(app, environment)
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
      'POST',
      `${base}/stop-services`,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        const { services, fence } = stoppedServices.parse(body)
        await supervisor.stopServices(app, environment, services, fence)
      },
    ],
    [
      'DELETE',
      base,
      async (match, _query, body) => {
        const { app, environment } = inEnvironment.parse(match)
        await supervisor.removeEnvironment(app, environment, removal.parse(body))
      },
    ],
  ]
  const table = routes.map(([method, path, part]) => ({
    method,
    part,
    pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
  }))
  const answer = async (request: IncomingMessage): Promise<unknown> =>
    serveBlob(api.blobs, request) ?? handle(table, request)
  const server = createServer((request, response) => {
    answer(request).then(
      (found) => send(response, 200, found ?? { done: true }),
      (error: unknown) => sendError(response, error),
    )
  })
  serveTerminals(server, supervisor.commands, sendError)
  return server
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
