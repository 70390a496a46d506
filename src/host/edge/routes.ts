import type { SessionRule } from '#contract/host/host.ts'
import type { TrafficSecond } from '#contract/host/measurements.ts'
import { Backend } from './backend.ts'
import type { Count, Counted } from './count.ts'
import { sessionNumber, sessionOf } from './session.ts'
import { type ServiceCount, TrafficCount } from './traffic-count.ts'

/** The route of an environment: the release with the traffic and the ports of its services. */
export interface EdgeRoute {
  app: string
  environment: string
  /**
   * The host name of the environment; services other than the first answer at `<service>.<host>`.
   */
  host: string
  port: number | null
  release: number | null
  services: ServicePorts[]
  /** The release that had the traffic before: it serves what no instance of `services` accepts. */
  former?: { release: number; services: ServicePorts[] } | undefined
  /** A release that receives a share of the requests, and the count of these requests. */
  canary?: Canary | undefined
}

interface ServicePorts {
  name: string
  ports: number[]
}

interface Canary {
  release: number
  services: ServicePorts[]
  count: Count
  /** A second start of the release with the traffic, which is compared in its place. */
  fresh?: { release: number; services: ServicePorts[] } | undefined
  /** Assigns sessions instead of requests. */
  session?: SessionRule | undefined
}

/** The parts of a request that decide its route. */
export interface RequestFacts {
  path(): string
  /** Returns a header by its lower-case name; empty when there is none. */
  header(name: string): string
}

export interface RouteCount {
  /**
   * Completed requests; those answered with 5xx or broken off; and those that no instance accepted.
   */
  requests: number
  errors: number
  unavailable: number
}

export interface Entry {
  route: EdgeRoute
  count: RouteCount
  /** Why its fixed port is not open. */
  problem: string | null
}

/** The requests in progress and the instances of one release. */
interface Traffic {
  passages: Set<Passage>
  backends: Map<number, Backend>
  turn: number
  count: TrafficCount
}

const keyOf = (route: Pick<EdgeRoute, 'app' | 'environment'>): string =>
  `${route.app}/${route.environment}`

/**
 * Selects the instance for each request and counts requests per route. A route changes by a single
 * assignment.
 */
export class Routes {
  readonly random: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #hosts = new Map<string, Entry>()
  readonly #traffic = new Map<string, Traffic>()
  /** The last requests of releases that were drained since the last second was taken. */
  #drained: TrafficSecond[] = []

  constructor(random: () => number) {
    this.random = random
  }

  set(route: EdgeRoute): Entry {
    const existing = this.#entries.get(keyOf(route))
    const entry: Entry = existing ?? {
      route,
      count: { requests: 0, errors: 0, unavailable: 0 },
      problem: null,
    }
    if (existing && existing.route.host !== route.host) this.#hosts.delete(existing.route.host)
    entry.route = route
    this.#entries.set(keyOf(route), entry)
    this.#hosts.set(route.host, entry)
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
  }

  all(): Entry[] {
    return [...this.#entries.values()]
  }

  /**
   * Starts a request; null for an unknown host, or one of a service that the release with the
   * traffic does not have. `fixed` is the environment of the fixed port that it arrived on.
   */
  begin(fixed: Entry | null, host: string, request: RequestFacts): Passage | null {
    const entry =
      fixed ?? this.#hosts.get(host) ?? this.#hosts.get(host.slice(host.indexOf('.') + 1))
    return entry && hasService(entry.route, host) ? new Passage(this, entry, host, request) : null
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
}

function secondOf([key, { count }]: [string, Traffic]): TrafficSecond[] {
  const [app = '', environment = '', release] = key.split('/')
  return count.takeSecond().map((one) => ({ app, environment, release: Number(release), ...one }))
}

/** One request on its way through the edge. */
export class Passage {
  /** Breaks the request off; set by its carrier. */
  cut: () => void = () => undefined
  readonly entry: Entry
  readonly #routes: Routes
  readonly #host: string
  /** Value of a Set-Cookie header for the response. */
  readonly cookie: string | null
  /** Set during a canary, with the release that the request was assigned to. */
  readonly #counted: Counted | null
  readonly #assignedRelease: number | null
  #traffic: Traffic | null = null
  #backend: Backend | null = null
  #refused: number[] | null = null
  /** The name of its service, and its start on the steady clock, in milliseconds. */
  readonly service: string
  readonly began: number

  constructor(routes: Routes, entry: Entry, host: string, request: RequestFacts) {
    this.#routes = routes
    this.entry = entry
    this.#host = host
    const { canary } = entry.route
    const session = canary?.session ? sessionOf(canary.session, request.header) : null
    this.cookie = session?.cookie ?? null
    const [now, time] = [performance.now(), Date.now()]
    this.began = now
    this.service = serviceAt(entry.route, host) ?? entry.route.services[0]?.name ?? ''
    this.#counted = !canary
      ? null
      : session?.key
        ? canary.count.beginSession(
            sessionNumber(`${keyOf(entry.route)}/${canary.release}`, session.key),
            now,
            time,
          )
        : canary.count.begin(routes.random(), now, time, request.path())
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
    const best = this.#leastBusy(traffic, this.#ports(services))
    if (best === null) return null
    this.#traffic = traffic
    this.#backend = best
    if (this.#counted) this.#counted.instance = `${this.service}:${best.port}`
    best.open += 1
    traffic.passages.add(this)
    return best
  }

  #ports(services: ServicePorts[]): number[] {
    const name = serviceAt(this.entry.route, this.#host)
    const service = name === null ? services[0] : services.find((one) => one.name === name)
    return service?.ports ?? []
  }

  #leastBusy(traffic: Traffic, ports: number[]): Backend | null {
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
    if (this.#backend) (this.#refused ??= []).push(this.#backend.port)
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
    this.#traffic?.count.end(this.service, outcome, bytes, now - this.began)
    this.#leave()
    this.entry.count.requests += 1
    if (status >= 500) this.entry.count.errors += 1
    this.#observe(outcome, bytes, size, now)
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
    count.end(this.service, outcome, bytes, performance.now() - this.began)
  }

  #observe(
    outcome: string,
    bytes: number,
    size: number | null = null,
    now = performance.now(),
  ): void {
    const isError = outcome === '5xx' || outcome === 'refused' || outcome === 'broken'
    this.#counted?.end(outcome, isError, bytes, now, size)
  }

  /** No instance accepted the request: returns status and sentence for the client. */
  unavailable(): { status: number; text: string } {
    this.#leave()
    const { count, route } = this.entry
    count.requests += 1
    count.unavailable += 1
    this.#observe('refused', 0)
    if (route.release !== null) this.#countFor(route.release, 'refused', 0)
    return route.release === null
      ? { status: 503, text: `Nothing is deployed in ${route.environment} of ${route.app}.\n` }
      : { status: 502, text: `No instance of ${route.app} answers in ${route.environment}.\n` }
  }
}

/** The name of the service that a host is for; null for the first one. */
const serviceAt = ({ host }: EdgeRoute, requested: string): string | null =>
  requested.length > host.length && requested.endsWith(`.${host}`)
    ? requested.slice(0, -host.length - 1)
    : null

function hasService(route: EdgeRoute, requested: string): boolean {
  const name = serviceAt(route, requested)
  return name === null || route.release === null || route.services.some((one) => one.name === name)
}

const outcomeOf = (status: number): string =>
  status === 499 ? 'left' : `${Math.floor(status / 100)}xx`
