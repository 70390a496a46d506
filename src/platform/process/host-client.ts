import { Agent, request } from 'node:http'
import { z } from 'zod'
import { FairleadError, errorTable, type ErrorCode, type Problem } from '#contract/errors.ts'
import type { Fence } from '#contract/host/fence.ts'
import {
  hostReleaseStatus,
  type HostRelease,
  type HostReleaseStatus,
} from '#contract/host/release.ts'
import { observations, type Observations } from '#contract/host/observations.ts'
import { expositions, type Exposition } from '#contract/host/expositions.ts'
import type { HostRoute } from '#contract/host/route.ts'
import { hostStatus, type HostStatus } from '#contract/host/status.ts'
import { logTail, type NewOutput, newOutput, type OutputPlaces } from '#contract/host/output.ts'
import { type DriftReport, driftReport } from '#contract/drift/drift.ts'
import type { DriftFile, DriftRepair, DriftRequest } from '#contract/drift/host.ts'
import { type BlobClient, createBlobClient } from './blob-client.ts'
import { type CommandClient, createCommandClient } from './command-client.ts'
import { createFaultClient, type FaultClient } from './fault-client.ts'
import { upgrade } from './upgrade.ts'
import type { RehearsalRequest } from '#contract/rehearsal/host.ts'
import { type RehearsalReport, rehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { type Measurements, measurements } from '#contract/host/measurements.ts'
import { type HostRoster, type RosterAnswer, rosterAnswer } from '#contract/host/roster.ts'
import { type StatusRequest, statusRequests } from '#contract/host/status-requests.ts'
import type { HostMaintenance } from '#contract/host/maintenance.ts'
import type { HostScale } from '#contract/host/scale.ts'
import type { StatusPages } from '#contract/status-page/pages.ts'
import {
  type HostSwitch,
  type HostSwitches,
  hostSwitchList,
  type HostSwitchReport,
  hostSwitchReport,
  type HostSwitchRequest,
} from '#contract/host/switches.ts'
import { type HostMonitors, type HostResults, hostResults } from '#contract/host/monitors.ts'

/**
 * Client of `fairlead host`. Every method throws a FairleadError: `unavailable` when the host does
 * not answer.
 */
export interface HostClient {
  status(): Promise<HostStatus>
  /**
   * The seconds after a number, at most the last fifteen minutes. Without one, waits up to `waitMs`
   * for the next; an earlier version of the host does not wait.
   */
  measurements(after: number, waitMs?: number): Promise<Measurements>
  /** replaces everything that the host checks */
  setMonitors(monitors: HostMonitors): Promise<void>
  /** the results of checks since a number */
  monitors(after: number): Promise<HostResults>
  /** replaces how all switches are set */
  setSwitches(switches: HostSwitches): Promise<void>
  /** replaces which environments answer with the maintenance page */
  setMaintenance(maintenance: HostMaintenance): Promise<void>
  /** replaces how many instances run of services that have another number than fairlead.yaml */
  setScale(scale: HostScale): Promise<void>
  /** what the host serves, and the changes that it took while no server answered */
  switches(): Promise<HostSwitchReport>
  /** the switches of the releases of an environment */
  listSwitches(app: string, environment: string): Promise<HostSwitch[]>
  /** Sets a switch on the host itself. A server that answers later stores the change. */
  changeSwitch(
    app: string,
    environment: string,
    name: string,
    request: HostSwitchRequest,
  ): Promise<void>
  /** replaces who is notified while no server answers; returns an outage that is to be recorded */
  setRoster(roster: HostRoster): Promise<RosterAnswer>
  /** replaces and confirms what the status pages show */
  setStatusPages(pages: StatusPages): Promise<void>
  /** forgets the requests of readers that are done; returns what waits, oldest first */
  takeStatusRequests(done: readonly string[]): Promise<StatusRequest[]>
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
    only: { names?: string[]; service?: string },
  ): Promise<Exposition[]>
  /** Rehearses a restart of a service. The call can take minutes. */
  rehearse(app: string, environment: string, request: RehearsalRequest): Promise<RehearsalReport>
  /** Compares the release that has the traffic with the declared one. The call can take minutes. */
  findDrift(app: string, environment: string, request: DriftRequest): Promise<DriftReport>
  /** Writes a file of the release with the traffic again. */
  repairDrift(app: string, environment: string, repair: DriftRepair): Promise<void>
  /** The text of a configuration file on disk, with its secrets. */
  driftFile(app: string, environment: string, file: DriftFile): Promise<string>
  readonly commands: CommandClient
  readonly faults: FaultClient
  /** for a host on another machine */
  readonly blobs: BlobClient
  /** Returns why an instance of the service is not healthy again, or null. */
  restart(
    app: string,
    environment: string,
    release: number,
    service: string,
  ): Promise<string | null>
  stop(app: string, environment: string, release: number, fence: Fence): Promise<void>
  remove(app: string, environment: string, release: number, fence: Fence): Promise<void>
  /** Resolves when the processes of the services are dead. */
  stopServices(app: string, environment: string, services: string[], fence: Fence): Promise<void>
  /** with `leaveMs`, requests are answered until no client is connected, at most for that long */
  removeEnvironment(
    app: string,
    environment: string,
    fence?: Fence,
    leaveMs?: number,
  ): Promise<void>
  log(
    app: string,
    environment: string,
    release: number,
    service: string | undefined,
    lines: number,
  ): Promise<z.infer<typeof logTail>['lines']>
  /** what every instance wrote after the places */
  output(after: OutputPlaces): Promise<NewOutput>
  /** Starts the command as the next host, and hands over to it. */
  upgrade(command: [string, ...string[]]): Promise<void>
  stopAll(): Promise<void>
  close(): void
}

const fileAnswer = z.object({ text: z.string() })
const restartAnswer = z.object({ problem: z.string().nullable() })

/** `what`: the host in messages. */
export function createHostClient(socketPath: string, what = 'The host'): HostClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const call = (
    method: string,
    path: string,
    body?: unknown,
    timeoutMs = 30_000,
  ): Promise<unknown> =>
    send(
      { socketPath, what, agent, method, path, timeoutMs },
      body === undefined ? undefined : JSON.stringify(body),
    )
  const at = (app: string, environment: string): string =>
    `/apps/${app}/environments/${environment}`
  return {
    commands: createCommandClient(call, (path, headers) =>
      upgrade({ socketPath, path, headers, readError }),
    ),
    blobs: createBlobClient({ socketPath, call, readError }),
    faults: createFaultClient(call),
    status: async () => hostStatus.parse(await call('GET', '/status', undefined, 3000)),
    measurements: async (after, waitMs = 0) =>
      measurements.parse(
        await call('GET', `/measurements?after=${after}&wait=${waitMs}`, undefined, 5000 + waitMs),
      ),
    setMonitors: async (monitors) => void (await call('PUT', '/monitors', monitors)),
    monitors: async (after) =>
      hostResults.parse(await call('GET', `/monitors?after=${after}`, undefined, 5000)),
    setSwitches: async (switches) => void (await call('PUT', '/switches', switches, 2000)),
    setMaintenance: async (pages) => void (await call('PUT', '/maintenance', pages, 2000)),
    setScale: async (scale) => void (await call('PUT', '/scale', scale, 2000)),
    switches: async () => hostSwitchReport.parse(await call('GET', '/switches', undefined, 2000)),
    listSwitches: async (app, environment) =>
      hostSwitchList.parse(await call('GET', `${at(app, environment)}/switches`, undefined, 2000))
        .switches,
    changeSwitch: async (app, environment, name, request) =>
      void (await call('PUT', `${at(app, environment)}/switches/${name}`, request, 2000)),
    setRoster: async (roster) => rosterAnswer.parse(await call('PUT', '/roster', roster)),
    setStatusPages: async (pages) => void (await call('PUT', '/status-page', pages, 2000)),
    takeStatusRequests: async (done) =>
      statusRequests.parse(await call('POST', '/status-page/requests', { done }, 2000)).requests,
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
    expositions: async (app, environment, release, path, { names, service }) => {
      const query = new URLSearchParams({
        path,
        ...(names === undefined ? {} : { names: names.join(',') }),
        ...(service === undefined ? {} : { service }),
      }).toString()
      const answer = await call(
        'GET',
        `${at(app, environment)}/releases/${release}/expositions?${query}`,
      )
      return expositions.parse(answer).instances
    },
    rehearse: async (app, environment, wanted) =>
      rehearsalReport.parse(
        await call('POST', `${at(app, environment)}/rehearsals`, wanted, 300_000),
      ),
    findDrift: async (app, environment, wanted) =>
      driftReport.parse(await call('POST', `${at(app, environment)}/drift`, wanted, 300_000)),
    repairDrift: async (app, environment, wanted) =>
      void (await call('POST', `${at(app, environment)}/drift/repair`, wanted, 60_000)),
    driftFile: async (app, environment, wanted) =>
      fileAnswer.parse(await call('POST', `${at(app, environment)}/drift/file`, wanted)).text,
    restart: async (app, environment, release, service) =>
      restartAnswer.parse(
        await call(
          'POST',
          `${at(app, environment)}/releases/${release}/restart`,
          { service },
          600_000,
        ),
      ).problem,
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
    stopServices: async (app, environment, services, fence) =>
      void (await call(
        'POST',
        `${at(app, environment)}/stop-services`,
        { services, fence },
        600_000,
      )),
    removeEnvironment: async (app, environment, fence, leaveMs) =>
      void (await call('DELETE', at(app, environment), fence && { fence, leaveMs }, 600_000)),
    log: async (app, environment, release, service, lines) => {
      const query = new URLSearchParams({
        release: String(release),
        lines: String(lines),
        ...(service === undefined ? {} : { service }),
      })
      return logTail.parse(await call('GET', `${at(app, environment)}/log?${query.toString()}`))
        .lines
    },
    output: async (after) => newOutput.parse(await call('POST', '/output', after, 10_000)),
    upgrade: async (command) => void (await call('POST', '/upgrade', { command }, 120_000)),
    stopAll: async () => void (await call('POST', '/stop-all', {}, 600_000)),
    close: () => agent.destroy(),
  }
}

function readError(status: number, text: string): Error {
  const answer = readAnswer(status, text)
  return 'error' in answer ? answer.error : new Error(text)
}

interface Sent {
  socketPath: string
  what: string
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

function sendOnce(
  { timeoutMs, what, ...options }: Sent,
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve) => {
    let isLate = false
    const fail = (again: boolean): void =>
      resolve({
        error: new FairleadError('unavailable', { what }),
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
