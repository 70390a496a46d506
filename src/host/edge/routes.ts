import type { TrafficSecond } from '#contract/host/measurements.ts'
import type { IsProxy } from '#platform/net/edge-proxies.ts'
import type { AccessSink } from './access.ts'
import { type ServiceCount, TrafficCount } from './traffic-count.ts'
import type { Address } from '../address.ts'
import type { Backend } from './backend.ts'
import { type DomainPlace, Domains, type EdgeCertificates } from './domains.ts'
import {
  type EdgeRoute,
  type MemoryRequest,
  type RequestFacts,
  type Entry,
  hasService,
  keyOf,
  serviceAt,
} from './route.ts'
import {
  type EdgeAnswer,
  maintenanceAnswer,
  proofAnswer,
  redirectAnswer,
  unknownHostAnswer,
} from './pages.ts'
import { type BeginKeyed, type Traffic, Passage } from './passage.ts'

/** The listener of the edge with TLS. */
export interface EdgeHttps {
  port: number
  certificates: EdgeCertificates
}

export interface RoutesOptions {
  /** Returns a number from 0 to 1. */
  random(): number
  proxies?: IsProxy | null
  https?: EdgeHttps | null
  access?: AccessSink | null
  /** Begins a request whose targeting key is counted; none by default. */
  keyed?: BeginKeyed
}

/**
 * Selects the instance for each request and counts requests per route. A route changes by a single
 * assignment.
 */
export class Routes {
  readonly random: () => number
  readonly proxies: IsProxy | null
  readonly access: AccessSink | null
  readonly keyed: BeginKeyed
  readonly #https: EdgeHttps | null
  readonly #entries = new Map<string, Entry>()
  readonly #hosts = new Map<string, Entry>()
  readonly #domains = new Domains()
  readonly #traffic = new Map<string, Traffic>()
  /** When the maintenance page of an environment ends, in milliseconds since 1970. */
  #maintenance: ReadonlyMap<string, number | null> = new Map()
  /** The instances that left their route with requests in progress. */
  readonly #leaving = new Set<Backend>()
  /** The last requests of releases that were drained since the last second was taken. */
  #drained: TrafficSecond[] = []

  constructor({ random, proxies, https, access, keyed }: RoutesOptions) {
    this.random = random
    this.keyed = keyed ?? (() => null)
    this.proxies = proxies ?? null
    this.access = access ?? null
    this.#https = https ?? null
  }

  set(route: EdgeRoute): Entry {
    const existing = this.#entries.get(keyOf(route))
    const entry: Entry = existing ?? {
      route,
      count: { requests: 0, errors: 0, unavailable: 0, maintenance: 0 },
      ...{ problem: null, isLeaving: false },
    }
    if (existing && existing.route.host !== route.host) this.#hosts.delete(existing.route.host)
    const hadDomains = (entry.route.domains ?? []).length > 0
    entry.route = route
    this.#entries.set(keyOf(route), entry)
    this.#hosts.set(route.host, entry)
    if (hadDomains || (route.domains ?? []).length > 0) this.#domains.set(this.all())
    this.#forgetGone(route)
    return entry
  }

  /** A restarted instance has another port. */
  #forgetGone(route: EdgeRoute): void {
    for (const one of [route, route.former, route.canary, route.canary?.fresh])
      if (one) this.#forgetGoneOf(route, one)
  }

  #forgetGoneOf(
    route: EdgeRoute,
    { release, services }: Pick<EdgeRoute, 'release' | 'services'>,
  ): void {
    const traffic = this.#traffic.get(`${keyOf(route)}/${release}`)
    const ports = new Set(services.flatMap((service) => service.ports))
    for (const [port, backend] of traffic?.backends ?? []) {
      if (ports.has(port)) continue
      backend.close()
      for (const one of this.#leaving) if (one.open === 0) this.#leaving.delete(one)
      if (backend.open > 0) this.#leaving.add(backend)
      traffic?.backends.delete(port)
    }
  }

  get(app: string, environment: string): Entry | undefined {
    return this.#entries.get(`${app}/${environment}`)
  }

  remove(app: string, environment: string): void {
    const entry = this.get(app, environment)
    if (entry) this.#hosts.delete(entry.route.host)
    this.#entries.delete(`${app}/${environment}`)
    this.access?.remove(app, environment)
    this.#domains.set(this.all())
  }

  all(): Entry[] {
    return [...this.#entries.values()]
  }

  /** Replaces the environments that answer with the maintenance page. */
  setMaintenance(untilOf: ReadonlyMap<string, number | null>): void {
    this.#maintenance = untilOf
  }

  /**
   * Starts a request. The edge answers itself for an unknown host, one of a service that the
   * release with the traffic does not have, one that is only served with TLS, and while the
   * environment shows the maintenance page. `fixed` is the environment of the fixed port that the
   * request arrived on.
   */
  begin(fixed: Entry | null, host: string, request: RequestFacts): Passage | EdgeAnswer {
    const proof = this.#proofAt(host, request)
    if (proof !== null) return proofAnswer(proof)
    const place = fixed ? undefined : this.#domains.at(host)
    const entry = fixed ?? place?.entry ?? this.#entryAt(host)
    const service = place
      ? (place.domain.service ?? null)
      : entry
        ? serviceAt(entry.route, host)
        : null
    if (!entry || !hasService(entry.route, service)) return unknownHostAnswer(host)
    const location = this.#moved(place, request) ?? this.#secured(place, host, request)
    if (location !== null) return redirectAnswer(location)
    const answer = entry.route.rules?.answer(request, Date.now()) ?? null
    if (answer !== null) return answer
    const hsts = place?.domain.hsts !== undefined && request.isHttps() ? place.domain.hsts : null
    return this.#maintained(entry) ?? new Passage(this, { entry, service, hsts }, request)
  }

  #entryAt(host: string): Entry | undefined {
    return this.#hosts.get(host) ?? this.#hosts.get(host.slice(host.indexOf('.') + 1))
  }

  #proofAt(host: string, request: RequestFacts): string | null {
    const { certificates } = this.#https ?? {}
    return certificates?.isProving() ? certificates.proofAt(host, request.path()) : null
  }

  /** Where a request for a domain that redirects goes on; null for another one. */
  #moved(place: DomainPlace | undefined, request: RequestFacts): string | null {
    const to = place?.domain.redirect
    if (to === undefined) return null
    const isSecure =
      request.isHttps() || (this.#https?.certificates.contextFor(to) ?? null) !== null
    const port = this.#https?.port ?? 443
    const scheme = isSecure ? 'https' : 'http'
    return `${scheme}://${to}${isSecure && port !== 443 ? `:${port}` : ''}${request.path()}`
  }

  /** Where a request without TLS goes on; null for one that is served here. */
  #secured(place: DomainPlace | undefined, host: string, request: RequestFacts): string | null {
    if (!this.#https || place?.domain.http !== 'redirect' || request.isHttps()) return null
    const { port, certificates } = this.#https
    if (certificates.contextFor(host) === null) return null
    return `https://${host}${port === 443 ? '' : `:${port}`}${request.path()}`
  }

  /** The domains of all environments. */
  domains(): string[] {
    return this.#domains.names()
  }

  /** A whole response from memory; null without one. */
  fromMemory(fixed: Entry | null, host: string, request: MemoryRequest): Buffer | null {
    const entry = fixed ?? (this.#domains.at(host) ? undefined : this.#hosts.get(host))
    return entry?.route.memory?.(request) ?? null
  }

  /** These requests reach no release, and are counted as nothing else. */
  #maintained({ route, count }: Entry): EdgeAnswer | null {
    const until = this.#maintenance.size === 0 ? undefined : this.#maintenance.get(keyOf(route))
    if (until === undefined) return null
    const left = until === null ? null : until - Date.now()
    if (left !== null && left <= 0) return null
    count.maintenance += 1
    return maintenanceAnswer(left)
  }

  traffic(route: EdgeRoute, release: number): Traffic {
    const key = `${keyOf(route)}/${release}`
    let found = this.#traffic.get(key)
    if (!found)
      this.#traffic.set(
        key,
        (found = {
          ...{ passages: new Set(), backends: new Map(), turn: 0 },
          count: new TrafficCount(),
        }),
      )
    return found
  }

  /** The counts of each release of an environment that has or had traffic, by service. */
  counts(route: EdgeRoute, now: number): (ServiceCount & { release: number })[] {
    const start = `${keyOf(route)}/`
    return [...this.#traffic].flatMap(([key, { count, passages }]) => {
      const release = Number(key.slice(start.length))
      return key.startsWith(start)
        ? count.view([...passages], now).map((one) => ({ release, ...one }))
        : []
    })
  }

  /** The requests that ended since the last call, by release and service. */
  takeSecond(): TrafficSecond[] {
    const taken = [...this.#drained, ...[...this.#traffic].flatMap(secondOf)]
    this.#drained = []
    return taken
  }

  /** Ends the requests whose answer has not begun in time. `now` is from a steady clock. */
  expire(now: number): void {
    const hasLimit = this.all().some(({ route }) => (route.rules?.timeout ?? Infinity) < Infinity)
    if (!hasLimit) return
    for (const { passages } of this.#traffic.values())
      for (const passage of [...passages]) passage.wait(now)
  }

  /** Closes every idle connection to an instance. */
  close(): void {
    for (const { backends } of this.#traffic.values())
      for (const backend of backends.values()) backend.close()
  }

  /**
   * Waits until no request of a release is in progress, at most `graceMs`; then closes the rest.
   */
  async drain(app: string, environment: string, release: number, graceMs: number): Promise<void> {
    const key = `${app}/${environment}/${release}`
    const traffic = this.#traffic.get(key)
    if (!traffic) return
    const until = performance.now() + graceMs
    while (traffic.passages.size > 0 && performance.now() < until)
      await new Promise((wake) => setTimeout(wake, 10))
    for (const passage of [...traffic.passages]) passage.cut()
    for (const backend of traffic.backends.values()) backend.close()
    this.#drained.push(...secondOf([key, traffic]))
    this.#traffic.delete(key)
  }

  /** Waits until an instance without a route has answered its last request, at most `graceMs`. */
  async drainInstance(address: Address, graceMs: number): Promise<void> {
    const until = performance.now() + graceMs
    const isBusy = (): boolean =>
      [...this.#leaving].some((one) => one.address === address && one.open > 0)
    while (isBusy() && performance.now() < until) await new Promise((wake) => setTimeout(wake, 10))
    for (const one of this.#leaving)
      if (one.address === address || one.open === 0) this.#leaving.delete(one)
  }
}

function secondOf([key, { count }]: [string, Traffic]): TrafficSecond[] {
  const [app = '', environment = '', release] = key.split('/')
  return count.takeSecond().map((one) => ({ app, environment, release: Number(release), ...one }))
}
