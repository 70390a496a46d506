import type { IsProxy } from '#platform/net/edge-proxies.ts'
import type { Address } from '../address.ts'
import { accessRecord, type AccessSink, type AccessStart, accessStart } from './access.ts'
import { outcomeOf } from './arm.ts'
import { Backend } from './backend.ts'
import type { Counted } from './count.ts'
import { routeOf, tenantIn } from './frequent-parts.ts'
import {
  headWithoutStart,
  serviceFor,
  type ServicePlace,
  type ServicePorts,
  withoutStart,
} from './paths.ts'
import { sessionNumber, sessionOf } from './session.ts'
import { headWithTrace, type Trace, traceOf } from './trace.ts'
import type { TrafficCount } from './traffic-count.ts'
import { type EdgeRules, type EdgeRoute, type RequestFacts, type Entry, keyOf } from './route.ts'

/**
 * Begins a request of an environment (`APP/ENVIRONMENT`) whose targeting key is counted; null for
 * others. The function reads headers.
 */
export type BeginKeyed = (
  place: string,
  header: (name: string) => string,
) => { end(hasFailed: boolean): void } | null

/** What a request needs of the routes. */
interface RouteTable {
  readonly proxies: IsProxy | null
  random(): number
  readonly access: AccessSink | null
  readonly keyed: BeginKeyed
  traffic(route: EdgeRoute, release: number): Traffic
}

/** The requests in progress and the instances of one release. */
export interface Traffic {
  passages: Set<Passage>
  backends: Map<Address, Backend>
  turn: number
  count: TrafficCount
}

/** Where a request goes, as its host says. */
export interface Way {
  entry: Entry
  /** Null for the first service. */
  service: string | null
  /** Seconds for which its client uses HTTPS only; null for no such header. */
  hsts: number | null
}

const nothingAdded: [string, string][] = []

const addedHeaders = (cookie: string | null, hsts: number | null): [string, string][] =>
  cookie === null && hsts === null
    ? nothingAdded
    : [
        ...(cookie === null ? [] : [['set-cookie', cookie] satisfies [string, string]]),
        ...(hsts === null
          ? []
          : [['strict-transport-security', `max-age=${hsts}`] satisfies [string, string]]),
      ]

/** One request on its way through the edge. */
export class Passage {
  /** Breaks the request off; set by its carrier. */
  cut: () => void = () => undefined
  /** Checks how long the request waits for an answer; set by its carrier. */
  wait: (now: number) => void = () => undefined
  readonly entry: Entry
  readonly #routes: RouteTable
  /** Headers of the response besides those of the service. */
  readonly added: [string, string][]
  /** The service of the host that was asked for; null for the first one. */
  readonly #asked: string | null
  /** Set during a canary, with the release that the request was assigned to. */
  readonly #counted: Counted | null
  readonly #assignedRelease: number | null
  #traffic: Traffic | null = null
  #backend: Backend | null = null
  #refused: Address[] | null = null
  /** The name of its service, and its start on the steady clock, in milliseconds. */
  service: string
  /** The release whose instance got it last. */
  release: number | null = null
  readonly began: number
  readonly #path: string
  readonly #access: AccessStart | null
  readonly #trace: Trace | null
  /** The start of the path that its service does not get. */
  #strip = ''
  /** By the rule of the environment; null without one. */
  readonly #tenant: string | null
  /** Set while a switch is changed gradually. */
  readonly #keyed: ReturnType<BeginKeyed>

  /** What the edge does with the requests of its environment. */
  get rules(): EdgeRules | undefined {
    return this.entry.route.rules
  }

  /** The codings that the client accepts, where answers are compressed; null elsewhere. */
  readonly compress: string | null
  /** The proxies in front of the edge; null when they are not named. */
  get proxies(): IsProxy | null {
    return this.#routes.proxies
  }

  constructor(routes: RouteTable, { entry, service, hsts }: Way, request: RequestFacts) {
    this.#routes = routes
    this.entry = entry
    this.#asked = service
    const { canary } = entry.route
    const session = canary?.session ? sessionOf(canary.session, request.header) : null
    this.added = addedHeaders(session?.cookie ?? null, hsts)
    this.#path = request.path()
    this.compress = this.rules?.compress ? request.header('accept-encoding') : null
    this.#tenant = tenantIn(entry.route.tenant, request.header)
    this.#keyed = routes.keyed(keyOf(entry.route), request.header)
    const tenant =
      canary?.tenant === undefined ? null : tenantIn({ header: canary.tenant }, request.header)
    const [now, time] = [performance.now(), Date.now()]
    this.began = now
    const { log = false, trace: share = null } = entry.route.rules ?? {}
    this.#trace =
      log || share !== null ? traceOf(request.header('traceparent'), share, routes.random) : null
    this.#access = log ? accessStart(request, this.#trace?.id ?? null, time) : null
    this.service = service ?? this.#placeIn(entry.route.services).service?.name ?? ''
    this.#counted = !canary
      ? null
      : session?.key
        ? canary.count.beginSession(
            sessionNumber(`${keyOf(entry.route)}/${canary.release}`, session.key),
            now,
            time,
          )
        : canary.count.begin(routes.random(), now, time, this.#path, tenant)
    const { arm } = this.#counted ?? { arm: 'uncompared' }
    this.#assignedRelease =
      arm === 'canary'
        ? (canary?.release ?? null)
        : arm === 'baseline'
          ? (canary?.fresh?.release ?? null)
          : null
  }

  /**
   * Returns the next instance to try: the least busy one of the assigned release. A canary that
   * does not accept a request has failed it, and the release with the traffic serves it. Null when
   * no instance is left.
   */
  next(): Backend | null {
    this.#leave()
    const { route } = this.entry
    const assigned = [route.canary, route.canary?.fresh].find(
      (one) => one && one.release === this.#assignedRelease,
    )
    if (assigned) {
      const best = this.#choose(assigned.release, assigned.services)
      if (best) return best
      this.#observe('refused', 0)
      this.#countFor(assigned.release, 'refused', 0)
    }
    const own = route.release === null ? null : this.#choose(route.release, route.services)
    return own ?? (route.former ? this.#choose(route.former.release, route.former.services) : null)
  }

  #choose(release: number, services: ServicePorts[]): Backend | null {
    const traffic = this.#routes.traffic(this.entry.route, release)
    this.release = release
    const { service, strip } = this.#placeIn(services)
    if (service) this.service = service.name
    this.#strip = strip
    const best = this.#leastBusy(traffic, service?.ports ?? [])
    if (best === null) return null
    this.#traffic = traffic
    this.#backend = best
    if (this.#counted) this.#counted.instance = `${this.service}:${best.address}`
    best.open += 1
    traffic.passages.add(this)
    return best
  }

  /** The service that the host names, otherwise the one for the path. */
  #placeIn(services: ServicePorts[]): ServicePlace {
    const name = this.#asked
    const [first] = services
    if (name === null && services.length === 1 && first) return { service: first, strip: '' }
    if (name !== null) return { service: services.find((one) => one.name === name), strip: '' }
    return serviceFor(services, this.#path)
  }

  /** The path and the head of the request as the service of `next` gets them. */
  pathFor(path: string): string {
    return withoutStart(path, this.#strip)
  }

  headFor(head: string): string {
    const whole = headWithoutStart(head, this.#strip)
    const edit = this.rules?.request
    const edited = edit ? `${edit(whole.slice(0, -2))}\r\n` : whole
    const begun = this.#trace?.header ?? null
    return begun === null ? edited : headWithTrace(edited, begun)
  }

  #leastBusy(traffic: Traffic, ports: Address[]): Backend | null {
    traffic.turn = (traffic.turn + 1) % 1_000_000
    let best: Backend | null = null
    for (let i = 0; i < ports.length; i += 1) {
      const port = ports[(traffic.turn + i) % ports.length] ?? 0
      if (this.#refused?.includes(port)) continue
      let backend = traffic.backends.get(port)
      if (!backend) traffic.backends.set(port, (backend = new Backend(port)))
      if (best === null || backend.open < best.open) best = backend
    }
    return best
  }

  /** The instance did not accept the request; `next` skips it. */
  refuse(): void {
    if (this.#backend) (this.#refused ??= []).push(this.#backend.address)
  }

  #leave(): void {
    if (this.#backend) this.#backend.open -= 1
    this.#traffic?.passages.delete(this)
    this.#backend = null
    this.#traffic = null
  }

  /** Records the outcome early, for the response to a handshake. */
  answered(status: number): void {
    this.#observe(outcomeOf(status), 0)
  }

  /**
   * Ends the request with a status (499 when the client left early) and the bytes of its response;
   * `size` is those of the body.
   */
  end(
    status: number,
    bytes: number,
    size: number | null = null,
    outcome = outcomeOf(status),
  ): void {
    const now = performance.now()
    this.#record(status, bytes, outcome, now)
    this.#traffic?.count.end(this.service, outcome, bytes, now - this.began, this.#parts)
    this.#leave()
    this.#keyed?.end(isErrorOutcome(outcome))
    this.entry.count.requests += 1
    if (status >= 500) this.entry.count.errors += 1
    this.#observe(outcome, bytes, size, now)
  }

  #record(status: number | null, bytes: number, outcome: string, now: number): void {
    if (!this.#access) return
    const { app, environment } = this.entry.route
    const { service, release } = this
    const end = { status, bytes, service, release, ms: now - this.began, outcome }
    this.#routes.access?.write(app, environment, accessRecord(this.#access, end))
  }

  /** The request is not valid and reached no instance: it is not counted. */
  discard(): void {
    this.#leave()
    this.#counted?.discard()
  }

  /** The instance accepted the request and broke it off. */
  breakOff(): void {
    this.#observe('broken', 0)
    this.end(502, 0, null, 'broken')
  }

  #countFor(release: number, outcome: string, bytes: number): void {
    const { count } = this.#routes.traffic(this.entry.route, release)
    count.end(this.service, outcome, bytes, performance.now() - this.began, this.#parts)
  }

  get #parts(): { route: string; tenant: string | null } {
    return { route: routeOf(this.#path), tenant: this.#tenant }
  }

  #observe(
    outcome: string,
    bytes: number,
    size: number | null = null,
    now = performance.now(),
  ): void {
    this.#counted?.end(outcome, isErrorOutcome(outcome), bytes, now, size)
  }

  /** No instance accepted the request: returns status and sentence for the client. */
  unavailable(): { status: number; text: string } {
    this.#leave()
    const { count, route } = this.entry
    this.#record(null, 0, 'refused', performance.now())
    count.requests += 1
    count.unavailable += 1
    this.#keyed?.end(true)
    this.#observe('refused', 0)
    if (route.release !== null) this.#countFor(route.release, 'refused', 0)
    return route.release === null
      ? { status: 503, text: `Nothing is deployed in ${route.environment} of ${route.app}.\n` }
      : { status: 502, text: `No instance of ${route.app} answers in ${route.environment}.\n` }
  }
}

const isErrorOutcome = (outcome: string): boolean =>
  outcome === '5xx' || outcome === 'refused' || outcome === 'broken'
