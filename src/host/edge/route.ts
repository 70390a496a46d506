import type { HostDomain, SessionRule, TenantRule } from '#contract/host/route.ts'
import type { Count } from './count.ts'
import type { EdgeAnswer } from './pages.ts'
import type { ServicePorts } from './paths.ts'

/** The route of an environment: the release with the traffic and the ports of its services. */
export interface EdgeRoute {
  app: string
  environment: string
  /**
   * The host name of the environment; services other than the first answer at `<service>.<host>`.
   */
  host: string
  port: number | null
  /** Its names on the internet. */
  domains?: HostDomain[] | undefined
  release: number | null
  services: ServicePorts[]
  /** The release that had the traffic before: it serves what no instance of `services` accepts. */
  former?: { release: number; services: ServicePorts[] } | undefined
  /** A release that receives a share of the requests, and the count of these requests. */
  canary?: Canary | undefined
  /** What the edge does with requests. */
  rules?: EdgeRules | undefined
  /** How a request names its tenant. */
  tenant?: TenantRule | undefined
  /** Answers from memory, without the services; null passes a request on. */
  memory?: ((request: MemoryRequest) => Buffer | null) | undefined
}

/** A request with GET and without a body, after which the connection goes on. */
export interface MemoryRequest extends RequestFacts {
  /** the Host header, unchanged */
  authority: string
}

interface Canary {
  release: number
  services: ServicePorts[]
  count: Count
  /** A second start of the release with the traffic, which is compared in its place. */
  fresh?: { release: number; services: ServicePorts[] } | undefined
  /** Assigns sessions instead of requests. */
  session?: SessionRule | undefined
  /** The header that names the tenant of a request. */
  tenant?: string | undefined
}

/** The parts of a request that decide its route. */
export interface RequestFacts {
  path(): string
  /** Returns a header by its lower-case name; empty when there is none. */
  header(name: string): string
  /** Whether the client used HTTPS: to this edge, or to a proxy in front that it believes. */
  isHttps(): boolean
  /** The address of the client, as this edge or a proxy that it believes saw it. */
  client(): string
  /** Bytes of the body; 0 when that is not known before. */
  length(): number
  method(): string
}

/** Edits header lines; each has its line end, and the first line is that of the message. */
export type Edit = (head: string) => string

/** What the edge does with the requests of an environment, ready for use. */
export interface EdgeRules {
  /** An answer in place of the service; null when the service gets the request. */
  answer(request: RequestFacts, now: number): EdgeAnswer | null
  request: Edit | null
  response: Edit | null
  /** Limit in bytes of a body. */
  body: number
  /** Milliseconds until an answer begins. */
  timeout: number
  /** Whether answers are compressed that their services have not compressed. */
  compress?: boolean
  /** Whether requests are written to the access log. */
  log: boolean
  /** The share of begun traces that is sampled; null when none is begun. */
  trace: number | null
}

export interface RouteCount {
  /**
   * Completed requests; those answered with 5xx or broken off; those that no instance accepted; and
   * those that got the maintenance page, which are in none of the others.
   */
  requests: number
  errors: number
  unavailable: number
  maintenance: number
}

export interface Entry {
  route: EdgeRoute
  count: RouteCount
  /** Why its fixed port is not open. */
  problem: string | null
  /** Whether its port is closed, and each connection to it ends after the current request. */
  isLeaving: boolean
}

export const keyOf = (route: Pick<EdgeRoute, 'app' | 'environment'>): string =>
  `${route.app}/${route.environment}`

/** The name of the service that a host is for; null for the first one. */
export const serviceAt = ({ host }: EdgeRoute, requested: string): string | null =>
  requested.length > host.length && requested.endsWith(`.${host}`)
    ? requested.slice(0, -host.length - 1)
    : null

/** Whether a service may get requests; null stands for the first one. */
export function hasService(route: EdgeRoute, name: string | null): boolean {
  return name === null || route.release === null || route.services.some((one) => one.name === name)
}
