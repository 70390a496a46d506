import type { SessionRule } from '#contract/host/host.ts'
import { Backend } from './backend.ts'
import type { Count, Counted } from './count.ts'
import { sessionNumber, sessionOf } from './session.ts'

/**
 * What the edge knows of an environment: the release with the traffic, and where its services
 * answer.
 */
export interface EdgeRoute {
  app: string
  environment: string
  /** the host name of the environment; services besides the first answer at `<service>.<host>` */
  host: string
  port: number | null
  release: number | null
  services: ServicePorts[]
  /** a release beside it that is given a share of the requests, and where they are counted */
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
  /** another start of the release with the traffic, which is compared in its place */
  fresh?: { release: number; services: ServicePorts[] } | undefined
  /** assign sessions instead of requests */
  session?: SessionRule | undefined
}

/** What of a request decides where it goes. */
export interface Asked {
  path(): string
  /** a header by its name in lower case; empty when there is none */
  header(name: string): string
}

export interface RouteCount {
  /**
   * requests that ended, of which answered with 5xx or broken off, and those that no instance could
   * take
   */
  requests: number
  errors: number
  unavailable: number
}

export interface Entry {
  route: EdgeRoute
  count: RouteCount
  /** why its fixed port is not open */
  problem: string | null
}

/** The requests under way of one release, and its instances. */
interface Traffic {
  passages: Set<Passage>
  backends: Map<number, Backend>
  turn: number
}

const keyOf = (route: Pick<EdgeRoute, 'app' | 'environment'>): string =>
  `${route.app}/${route.environment}`

/**
 * Which instance gets a request, and how many requests each route had. A change of route is one
 * assignment.
 */
export class Routes {
  readonly random: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #hosts = new Map<string, Entry>()
  readonly #traffic = new Map<string, Traffic>()

  constructor(random: () => number) {
    this.random = random
  }

  set(route: EdgeRoute): Entry {
    const known = this.#entries.get(keyOf(route))
    const entry: Entry = known ?? {
      route,
      count: { requests: 0, errors: 0, unavailable: 0 },
      problem: null,
    }
    if (known && known.route.host !== route.host) this.#hosts.delete(known.route.host)
    entry.route = route
    this.#entries.set(keyOf(route), entry)
    this.#hosts.set(route.host, entry)
    this.#forgetGone(route)
    return entry
  }

  /** An instance that started again has another port. */
  #forgetGone(route: EdgeRoute): void {
    for (const one of [route, route.canary, route.canary?.fresh])
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

  /** The hosts there are, for who asks for another. */
  hosts(): string[] {
    return [...this.#hosts.keys()].sort()
  }

  /**
   * A request begins: null when nothing is known by that host. `fixed` is the environment whose own
   * port it came by.
   */
  begin(fixed: Entry | null, host: string, asked: Asked): Passage | null {
    const entry =
      fixed ?? this.#hosts.get(host) ?? this.#hosts.get(host.slice(host.indexOf('.') + 1))
    return entry ? new Passage(this, entry, host, asked) : null
  }

  traffic(route: EdgeRoute, release: number): Traffic {
    const key = `${keyOf(route)}/${release}`
    let found = this.#traffic.get(key)
    if (!found)
      this.#traffic.set(key, (found = { passages: new Set(), backends: new Map(), turn: 0 }))
    return found
  }

  /** Ends every connection to an instance that carries nothing. */
  close(): void {
    for (const { backends } of this.#traffic.values())
      for (const backend of backends.values()) backend.close()
  }

  /** Waits until no request of a release is under way, at most so long; then cuts what is left. */
  async drain(app: string, environment: string, release: number, graceMs: number): Promise<void> {
    const key = `${app}/${environment}/${release}`
    const traffic = this.#traffic.get(key)
    if (!traffic) return
    const until = performance.now() + graceMs
    while (traffic.passages.size > 0 && performance.now() < until)
      await new Promise((wake) => setTimeout(wake, 10))
    for (const passage of [...traffic.passages]) passage.cut()
    for (const backend of traffic.backends.values()) backend.close()
    this.#traffic.delete(key)
  }
}

/** One request on its way through the edge. */
export class Passage {
  /** Breaks it off; set by who carries it. */
  cut: () => void = () => undefined
  readonly entry: Entry
  readonly #routes: Routes
  readonly #host: string
  /** the value of a Set-Cookie header that its answer must carry */
  readonly cookie: string | null
  /**
   * assigned while there is a canary, and to which of the releases beside the one with the traffic
   */
  readonly #counted: Counted | null
  readonly #beside: number | null
  #traffic: Traffic | null = null
  #backend: Backend | null = null
  #refused: number[] | null = null

  constructor(routes: Routes, entry: Entry, host: string, asked: Asked) {
    this.#routes = routes
    this.entry = entry
    this.#host = host
    const { canary } = entry.route
    const session = canary?.session ? sessionOf(canary.session, asked.header) : null
    this.cookie = session?.cookie ?? null
    const [now, time] = [performance.now(), Date.now()]
    this.#counted = !canary
      ? null
      : session?.key
        ? canary.count.beginSession(
            sessionNumber(`${keyOf(entry.route)}/${canary.release}`, session.key),
            now,
            time,
          )
        : canary.count.begin(routes.random(), now, time, asked.path())
    const { arm } = this.#counted ?? { arm: 'beside' }
    this.#beside =
      arm === 'canary'
        ? (canary?.release ?? null)
        : arm === 'baseline'
          ? (canary?.fresh?.release ?? null)
          : null
  }

  /**
   * The instance to try: the least busy one of the release that it was assigned to. A canary that
   * does not take it has failed, and who asked is served by the release with the traffic. Null when
   * no instance is left.
   */
  next(): Backend | null {
    this.#leave()
    const { route } = this.entry
    const beside = [route.canary, route.canary?.fresh].find(
      (one) => one && one.release === this.#beside,
    )
    if (beside) {
      const best = this.#choose(beside.release, beside.services)
      if (best) return best
      this.#observe('refused', 0)
    }
    return route.release === null ? null : this.#choose(route.release, route.services)
  }

  #choose(release: number, services: ServicePorts[]): Backend | null {
    const traffic = this.#routes.traffic(this.entry.route, release)
    const best = this.#leastBusy(traffic, this.#ports(services))
    if (best === null) return null
    this.#traffic = traffic
    this.#backend = best
    best.open += 1
    traffic.passages.add(this)
    return best
  }

  #ports(services: ServicePorts[]): number[] {
    const { host } = this.entry.route
    const isService = this.#host.length > host.length && this.#host.endsWith(`.${host}`)
    if (!isService) return services[0]?.ports ?? []
    const name = this.#host.slice(0, -host.length - 1)
    return services.find((service) => service.name === name)?.ports ?? []
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

  /** The instance did not take it: `next` passes it by. */
  refuse(): void {
    if (this.#backend) (this.#refused ??= []).push(this.#backend.port)
  }

  #leave(): void {
    if (this.#backend) this.#backend.open -= 1
    this.#traffic?.passages.delete(this)
    this.#backend = null
    this.#traffic = null
  }

  /** The outcome is known before the end: the answer to a handshake. */
  answered(status: number): void {
    this.#observe(outcomeOf(status), 0)
  }

  /**
   * It ended with that status, 499 when the client left before the answer was whole; `bytes` of
   * answer came.
   */
  end(status: number, bytes: number): void {
    this.#leave()
    this.entry.count.requests += 1
    if (status >= 500) this.entry.count.errors += 1
    this.#observe(outcomeOf(status), bytes)
  }

  /** The instance took it and broke it off. */
  breakOff(): void {
    this.#observe('broken', 0)
    this.end(502, 0)
  }

  #observe(outcome: string, bytes: number): void {
    const isError = outcome === '5xx' || outcome === 'refused' || outcome === 'broken'
    this.#counted?.end(outcome, isError, bytes, performance.now())
  }

  /** It ended because no instance could take it: status and sentence for who asked. */
  unavailable(): { status: number; text: string } {
    this.#leave()
    const { count, route } = this.entry
    count.requests += 1
    count.unavailable += 1
    this.#observe('refused', 0)
    if (route.release === null)
      return { status: 503, text: `Nothing is deployed in ${route.environment} of ${route.app}.\n` }
    const isUnknown =
      this.#ports(route.services).length === 0 &&
      route.services.some((service) => service.ports.length > 0)
    return isUnknown
      ? { status: 404, text: `${route.app} has no service with traffic at ${this.#host}.\n` }
      : { status: 502, text: `No instance of ${route.app} answers in ${route.environment}.\n` }
  }
}

const outcomeOf = (status: number): string =>
  status === 499 ? 'left' : `${Math.floor(status / 100)}xx`
