import { Agent, request } from 'node:http'
import type { z } from 'zod'
import { FairleadError, errorTable, type ErrorCode, type Problem } from '#contract/errors.ts'
import {
  type Fence,
  hostReleaseStatus,
  observations,
  expositions,
  type Exposition,
  type HostRoute,
  type Observations,
  type HostRelease,
  type HostReleaseStatus,
  hostStatus,
  type HostStatus,
  logTail,
} from '#contract/host/host.ts'

import { type Measurements, measurements } from '#contract/host/measurements.ts'

/**
 * Client of `fairlead host`. Every method throws a FairleadError: `unavailable` when the host does
 * not answer.
 */
export interface HostClient {
  status(): Promise<HostStatus>
  /** the seconds after a number, at most the last fifteen minutes */
  measurements(after: number): Promise<Measurements>
  start(release: HostRelease): Promise<HostReleaseStatus>
  /** null when the host does not have the release */
  release(
    app: string,
    environment: string,
    release: number,
    waitMs: number,
  ): Promise<HostReleaseStatus | null>
  route(app: string, environment: string, route: HostRoute): Promise<void>
  /** the counts of a canary since the position `after` */
  observations(
    app: string,
    environment: string,
    release: number,
    after: number,
    waitMs: number,
  ): Promise<Observations>
  expositions(
    app: string,
    environment: string,
    release: number,
    path: string,
    names: string[],
  ): Promise<Exposition[]>
  stop(app: string, environment: string, release: number, fence: Fence): Promise<void>
  remove(app: string, environment: string, release: number, fence: Fence): Promise<void>
  removeEnvironment(app: string, environment: string, fence?: Fence): Promise<void>
  log(
    app: string,
    environment: string,
    release: number,
    service: string | undefined,
    lines: number,
  ): Promise<z.infer<typeof logTail>['lines']>
  /** Starts the command as the next host, and hands over to it. */
  upgrade(command: [string, ...string[]]): Promise<void>
  stopAll(): Promise<void>
  close(): void
}

export function createHostClient(socketPath: string): HostClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const call = (
    method: string,
    path: string,
    body?: unknown,
    timeoutMs = 30_000,
  ): Promise<unknown> =>
    send(
      { socketPath, agent, method, path, timeoutMs },
      body === undefined ? undefined : JSON.stringify(body),
    )
  const at = (app: string, environment: string): string =>
    `/apps/${app}/environments/${environment}`
  return {
    status: async () => hostStatus.parse(await call('GET', '/status', undefined, 3000)),
    measurements: async (after) =>
      measurements.parse(await call('GET', `/measurements?after=${after}`, undefined, 5000)),
    start: async (release) =>
      hostReleaseStatus.parse(
        await call(
          'PUT',
          `${at(release.app, release.environment)}/releases/${release.release}`,
          release,
        ),
      ),
    release: async (app, environment, release, waitMs) => {
      try {
        return hostReleaseStatus.parse(
          await call(
            'GET',
            `${at(app, environment)}/releases/${release}?wait=${waitMs}`,
            undefined,
            waitMs + 5000,
          ),
        )
      } catch (error) {
        if (error instanceof FairleadError && error.code === 'not_found') return null
        throw error
      }
    },
    route: async (app, environment, route) =>
      void (await call('PUT', `${at(app, environment)}/route`, route)),
    observations: async (app, environment, release, after, waitMs) => {
      const query = `after=${after}&wait=${waitMs}`
      const path = `${at(app, environment)}/releases/${release}/observations?${query}`
      return observations.parse(await call('GET', path, undefined, waitMs + 5000))
    },
    expositions: async (app, environment, release, path, names) => {
      const query = new URLSearchParams({ path, names: names.join(',') }).toString()
      const answer = await call(
        'GET',
        `${at(app, environment)}/releases/${release}/expositions?${query}`,
      )
      return expositions.parse(answer).instances
    },
    // A stop waits for the drain and the grace of the services.
    stop: async (app, environment, release, fence) =>
      void (await call(
        'POST',
        `${at(app, environment)}/releases/${release}/stop`,
        { fence },
        600_000,
      )),
    remove: async (app, environment, release, fence) =>
      void (await call(
        'DELETE',
        `${at(app, environment)}/releases/${release}`,
        { fence },
        600_000,
      )),
    removeEnvironment: async (app, environment, fence) =>
      void (await call('DELETE', at(app, environment), fence && { fence }, 600_000)),
    log: async (app, environment, release, service, lines) => {
      const query = new URLSearchParams({
        release: String(release),
        lines: String(lines),
        ...(service === undefined ? {} : { service }),
      })
      return logTail.parse(await call('GET', `${at(app, environment)}/log?${query.toString()}`))
        .lines
    },
    upgrade: async (command) => void (await call('POST', '/upgrade', { command }, 120_000)),
    stopAll: async () => void (await call('POST', '/stop-all', {}, 600_000)),
    close: () => agent.destroy(),
  }
}

interface Sent {
  socketPath: string
  agent: Agent
  method: string
  path: string
  timeoutMs: number
}

/** Tries of a call that the host aborts or refuses while it hands over to the next host. */
const handoverTries = 40

async function send(sent: Sent, body: string | undefined): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const answer = await sendOnce(sent, body)
    if ('value' in answer) return answer.value
    if (!answer.again || tries === handoverTries) throw answer.error
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** `again`: a host answered the connection and dropped the call. */
type Answer = { value: unknown } | { error: Error; again: boolean }

function sendOnce({ timeoutMs, ...options }: Sent, body: string | undefined): Promise<Answer> {
  return new Promise((resolve) => {
    let isLate = false
    const fail = (again: boolean): void =>
      resolve({
        error: new FairleadError('unavailable', { what: 'The host' }),
        again: again && !isLate,
      })
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request({ ...options, headers, timeout: timeoutMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', () => fail(true))
      response.on('end', () => resolve(readAnswer(response.statusCode ?? 500, text)))
    })
    sent.on('timeout', () => {
      isLate = true
      sent.destroy()
    })
    sent.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ECONNRESET' || error.code === 'EPIPE'),
    )
    sent.end(body)
  })
}

function readAnswer(status: number, text: string): Answer {
  try {
    const answer = JSON.parse(text) as unknown
    if (status < 400) return { value: answer }
    const { code, details } = answer as Problem
    if (!(code in errorTable)) return { error: new Error(text), again: false }
    return { error: new FairleadError(code as ErrorCode, details), again: code === 'unavailable' }
  } catch {
    return { error: new FairleadError('unavailable', { what: 'The host' }), again: false }
  }
}
