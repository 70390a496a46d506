import type { Endpoint, EndpointRequest } from './endpoint.ts'
import type { HostEdge } from '#contract/host/edge.ts'
import type { HostDomain } from '#contract/host/route.ts'
import type { z } from 'zod'
import type { TargetCapability } from '#contract/deployment/target.ts'
import type { DriftReport } from '#contract/drift/drift.ts'
import type { DriftFile, DriftRepair } from '#contract/drift/host.ts'
import type { HostBefore, HostBeforeStatus } from '#contract/host/before.ts'
import type { HostContainer, HostExclusive, HostFile, ServicePath } from '#contract/host/service.ts'
import type { HostCertificate } from '#contract/host/status.ts'
import type { HostReleaseStatus } from '#contract/host/release.ts'
import type { TrafficSecond } from '#contract/host/measurements.ts'
import type { CommandPage, CommandStatus, HostCommand } from '#contract/job/host.ts'
import type { SwitchDefinition } from '#contract/switch/switch.ts'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import type { Batch } from '#contract/verdict/verdict.ts'
import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { FaultClient } from '#platform/process/fault-client.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import type { Handshake, Upgraded } from '#platform/process/upgrade.ts'
import type { OpenBucket } from './open-bucket.ts'
import type { CountPlace, RemoteHost, SeveralHosts, StopServices } from './remote-host.ts'

export interface EnvironmentReference {
  app: string
  environment: string
}

/** Names a release on a target. A negative number is a second start of the release without sign. */
export interface ReleaseReference extends EnvironmentReference {
  release: number
}

/**
 * The deployment that requests a change, and the epoch of the workflow that runs it. A target keeps
 * the highest epoch of each deployment and refuses a lower one with the error `overtaken`, so that
 * a server that was frozen and replaced cannot change anything.
 */
export interface Fence {
  deployment: number
  epoch: number
}

/** One service of a release. It has `run`, `static`, or a `container` with or without `run`. */
export interface ServiceSpec {
  name: string
  /** command for `sh -c` */
  run?: string
  /** folder of the artifact to serve */
  static?: string
  /** the image in which it runs, instead of a process of the machine */
  container?: HostContainer
  hasTraffic: boolean
  /** the paths whose requests it gets; absent for none */
  paths?: ServicePath[]
  /** `timeout` and `interval` in milliseconds; a null `path` checks the connection only */
  health: {
    path: string | null
    /** in addition to, or instead of, the headers of a health check */
    headers?: Record<string, string> | undefined
    timeout: number
    interval: number
  }
  /** limits of the settling time in milliseconds; see `settle.ts` */
  settle: { least: number; most: number }
  instances: number
  env: Record<string, string>
  /** names of the variables in `env` whose values are masked in logs */
  secrets: string[]
  /** working directory, relative to the top of the artifact */
  directory: string
  /** `grace` in milliseconds */
  stop: { signal: string; grace: number }
  /** megabytes */
  memory?: number
  /** configuration files, to be written before the service starts */
  files?: HostFile[]
  /** set for a service that never runs twice at once */
  exclusive?: HostExclusive
  /** see `ServiceFile` */
  rehearse?: { run?: string; allow: string[]; settings?: string }
}

/** Everything a target needs to start a release. */
export interface ReleaseSpec extends ReleaseReference {
  fence: Fence
  /** `sha256:…` of the OCI manifest in the layout `TargetIo.artifacts` */
  artifact: string
  services: ServiceSpec[]
  /** a command that runs once for the release, before its services start */
  before?: HostBefore
  /** variables of every service */
  env: Record<string, string>
  /** the switches of its fairlead.yaml */
  switches?: Record<string, SwitchDefinition>
  /** how a request names its tenant */
  tenant?: { header?: string | undefined; cookie?: string | undefined }
  /** the domains of the environment; absent for none */
  domains?: HostDomain[]
  /** what the edge does with requests; absent for nothing */
  edge?: HostEdge
  /** the port reserved for the environment; null when the target reserves none */
  port: number | null
  /** whether the port of an environment without traffic stays closed until it has some */
  isLate?: boolean
}

export interface InstanceReport {
  service: string
  index: number
  /** the host that runs it, when the target has several */
  host?: string
  state: 'starting' | 'healthy' | 'unhealthy' | 'stopping' | 'backoff' | 'stopped'
  pid: number | null
  port: number | null
  /** the address of its container; absent for 127.0.0.1 */
  ip?: string | undefined
  /** milliseconds since 1970 */
  started: number | null
  restarts: number
  /** whether it crashes again and again, and has not stayed healthy since */
  isLooping: boolean
  /** how the instance last ended, in one sentence */
  reason: string | null
}

/** The state of a release; `missing` when the target does not have it. */
export interface ReleaseReport {
  state: 'starting' | 'ready' | 'failed' | 'stopping' | 'stopped' | 'missing'
  reason: string | null
  /** whether the release has the traffic */
  routed: boolean
  /** URL of one instance, which bypasses the traffic split; null when there is none */
  address: string | null
  /** such a URL on each host, when the target has several */
  addresses?: { host: string; address: string }[]
  /** how often an instance ended since the release was ready, and how it ended last */
  crashes: number
  lastCrash: string | null
  /** the longest settling time of its instances, in milliseconds */
  settleMs: number
  instances: InstanceReport[]
  /** why the port of the environment is not open; absent when it is, or when it has none */
  portProblem?: string | undefined
  /** how far the command is that runs before the services; absent when there is none */
  before?: HostBeforeStatus | undefined
  /** what the start did to the services that never run twice at once */
  exclusive?: HostReleaseStatus['exclusive']
}

export const missingRelease: ReleaseReport = {
  state: 'missing',
  reason: null,
  routed: false,
  address: null,
  crashes: 0,
  lastCrash: null,
  settleMs: 0,
  instances: [],
}

/** A canary, and the share of the requests it gets. */
export interface CanaryShare {
  release: number
  /** 0 to 1 */
  share: number
  /** a second start of the baseline, which gets the same share and is compared in its place */
  fresh?: number
  /** assigns sessions instead of requests; without header and cookie, by a cookie of the target */
  session?: { header?: string | undefined; cookie?: string | undefined }
  /** routes to count separately: name → path prefix */
  routes?: Record<string, string>
  /** the header that names the tenant of a request */
  tenant?: string
}

/** A place in what a target served: the name of one of its processes, and a number in it. */
export interface ServedPlace {
  run: string
  next: number
  /** by host, when the target has several */
  hosts?: Record<string, ServedPlace>
}

/** What a service of a release served in one second, which ended at `at`. */
export type ServedSecond = Omit<TrafficSecond, 'app' | 'environment'> & { at: number }

/** Capability `share`. */
export interface TrafficShare {
  /** Splits the traffic between `baseline`, which has all of it, and a canary. */
  split(
    environment: EnvironmentReference,
    baseline: number,
    canary: CanaryShare,
    fence: Fence,
  ): Promise<void>
  /** Counts of a canary since the position `after`; waits up to `waitMs` for new ones. */
  observations(
    canary: ReleaseReference,
    after: CountPlace,
    waitMs: number,
  ): Promise<{ batches: Batch[]; pending?: Batch[] | undefined; next: CountPlace }>
  /**
   * What the releases of an environment served after a place, second by second; null for the last
   * fifteen minutes.
   */
  served(
    environment: EnvironmentReference,
    after: ServedPlace | null,
  ): Promise<{ position: ServedPlace; seconds: ServedSecond[] }>
}

/** Capability `drift`. */
export interface DriftCapability {
  /** Where the release with the traffic differs from the declared one. */
  find(declared: ReleaseSpec): Promise<DriftReport>
  /** Writes a file of the release with the traffic again, as it is declared. */
  repair(declared: ReleaseSpec, file: Omit<DriftRepair, 'declared'>): Promise<void>
  /** The text of a configuration file on disk, with its secrets. */
  read(environment: EnvironmentReference, file: DriftFile): Promise<string>
}

/**
 * Capability `jobs`: commands that run once in a release. `key` names a command for ever: each key
 * is started at most once, whichever server asks for it and how often.
 */
export interface TargetCommands {
  start(
    environment: EnvironmentReference,
    key: string,
    command: HostCommand,
  ): Promise<CommandStatus>
  /** null for a key that was never started */
  look(environment: EnvironmentReference, key: string): Promise<CommandStatus | null>
  /** The output after a position; waits up to `waitMs` for more. Null for an unknown key. */
  output(
    environment: EnvironmentReference,
    key: string,
    after: number,
    waitMs: number,
  ): Promise<CommandPage | null>
  /** Stops a command; one that was never started is never started later. */
  stop(environment: EnvironmentReference, key: string): Promise<CommandStatus>
  /** Deletes the output. */
  remove(environment: EnvironmentReference, key: string): Promise<void>
  /** Opens a WebSocket to the terminal of a command: see `HostClient`. */
  openTerminal(
    environment: EnvironmentReference,
    key: string,
    handshake: Handshake,
  ): Promise<Upgraded>
}

/** What one instance exposes in the Prometheus text format; null when it did not answer. */
export interface Exposition {
  instance: string
  text: string | null
}

export interface LogLine {
  service: string
  index: number
  /** the host, when the target has several */
  host?: string
  text: string
}

/**
 * What every target does. Every method can be repeated with the same effect. Methods that change
 * something take a fence and refuse a lower epoch of the same deployment than they have seen.
 */
export interface Target {
  /** Chooses the port and the URL of an environment. Pure. */
  reserve(request: EndpointRequest): Endpoint
  /** The URLs of an environment with the reserved port and its domains. Pure. */
  urls(environment: EnvironmentReference & { port: number | null; domains?: string[] }): string[]
  /** Puts a release in place and starts it; returns when the start is under way. */
  start(release: ReleaseSpec): Promise<void>
  /** Waits up to `waitMs` until the release is no longer `starting`. */
  report(reference: ReleaseReference, waitMs: number): Promise<ReleaseReport>
  /** Switches all of the traffic to a release that is ready. */
  route(reference: ReleaseReference, fence: Fence): Promise<void>
  /** Drains and stops a release without traffic; it can be started again. */
  stop(reference: ReleaseReference, fence: Fence): Promise<void>
  /** Stops and deletes a release without traffic. */
  remove(reference: ReleaseReference, fence: Fence): Promise<void>
  /** The certificates of all domains that it serves; none without HTTPS. */
  readonly certificates?: () => Promise<HostCertificate[]>
  /** Every environment for which this target holds anything. */
  environments(): Promise<EnvironmentReference[]>
  readonly stopServices?: StopServices
  /**
   * Stops and deletes everything of an environment; with a fence, all but the data of services.
   * With `leaveMs`, a target with edges accepts no new client, and answers those that are
   * connected, at most for that long.
   */
  removeEnvironment(
    environment: EnvironmentReference,
    fence?: Fence,
    leaveMs?: number,
  ): Promise<void>
  /** present when the target has several hosts */
  readonly hosts?: SeveralHosts<Target>
  readonly share?: TrafficShare
  readonly commands?: TargetCommands
  /** Capability `metrics`: reads metrics at `path` from every instance, by default all. */
  readonly metrics?: (
    reference: ReleaseReference,
    path: string,
    only: { names?: string[]; service?: string },
  ) => Promise<Exposition[]>
  /**
   * Capability `rehearse`: whether a service of the release with the traffic would come back; with
   * `next`, as a service of a release that has not started; with `after`, when the command before
   * the start of that release has run.
   */
  readonly rehearse?: (
    environment: EnvironmentReference,
    service: string,
    next?: ReleaseSpec,
    after?: { release: ReleaseSpec; verify?: string },
  ) => Promise<RehearsalReport>
  /** Capability `rehearse`: restarts a service; returns why it is not healthy again, or null. */
  readonly restart?: (reference: ReleaseReference, service: string) => Promise<string | null>
  readonly drift?: DriftCapability
  /** Faults of experiments in the services of the release with the traffic. */
  readonly faults?: FaultClient
  /** Capability `log`: the last lines of all services, or of one. */
  readonly log?: (
    reference: ReleaseReference,
    service: string | undefined,
    lines: number,
  ) => Promise<LogLine[]>
}

/** What targets use of the outside world. */
export interface TargetIo {
  /** folder of the OCI image layout that holds the artifacts */
  artifacts: string
  /** the client of `fairlead host` on this machine */
  host: HostClient
  /** the hosts on other machines by name, also those that are not known */
  remote(name: string): RemoteHost
  /** port of the edge of that host, which routes by host name */
  edgePort: number
  /** its port with TLS; absent without one */
  edgeHttpsPort?: number | null
  /** PATH and the machine's tools, certificates and proxies, for commands */
  machine: Record<string, string>
  /** bytes of a disk that stay free when an artifact is unpacked */
  keepFree: number
  /** folders in which targets may publish files, the default one first */
  publishFolders: string[]
  /** folders of other machines in which targets may publish files, as `USER@HOST:FOLDER` */
  remoteFolders: string[]
  ssh: SshSettings
  /** why releases could not be published, when the place of publication cannot keep that itself */
  failures: Map<string, string>
  /** the buckets that targets may publish to, by name */
  buckets: Map<string, OpenBucket>
  fetch: typeof fetch
  clock: Clock
  log: Logger
}

/** A kind of target: one file in `targets/`, its default export made by `defineTarget`. */
export interface TargetDefinition {
  /** the value of `target` in fairlead.yaml */
  kind: string
  /** for people: "Processes on this machine" */
  title: string
  /** the settings of `target`, besides `kind` */
  config: z.ZodObject
  example: Record<string, unknown>
  capabilities: readonly TargetCapability[]
  /** the kind that holds the same releases, so that a change of the target moves nothing */
  place?: string
  /** names what a target holds; settings that do not move anything are left out */
  identity(config: Record<string, unknown>): string
  open(config: Record<string, unknown>, io: TargetIo): Target
}

/** Checks a definition against its own `config`, and returns it as a target of any kind. */
export function defineTarget<C extends z.ZodObject>(
  definition: Omit<TargetDefinition, 'config' | 'example' | 'identity' | 'open'> & {
    config: C
    example: z.input<C>
    identity(config: z.output<C>): string
    open(config: z.output<C>, io: TargetIo): Target
  },
): TargetDefinition {
  return definition as unknown as TargetDefinition
}
