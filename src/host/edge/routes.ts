import type { TrafficSecond } from '#contract/host/measurements.ts'
import type { IsProxy } from '#platform/net/edge-proxies.ts'
import { type ServiceCount, TrafficCount } from './traffic-count.ts'
import { type EdgeRoute, type RequestFacts, type Entry, keyOf, hasService } from './route.ts'
import { type Traffic, Passage } from './passage.ts'

/**
 * Selects the instance for each request and counts requests per route. A route changes by a single
 * assignment.
 */
export class Routes {
  readonly random: () => number
  readonly proxies: IsProxy | null
  readonly #entries = new Map<string, Entry>()
  readonly #hosts = new Map<string, Entry>()
  readonly #traffic = new Map<string, Traffic>()
  /** The last requests of releases that were drained since the last second was taken. */
  #drained: TrafficSecond[] = []

  constructor(random: () => number, proxies: IsProxy | null) {
    this.random = random
    this.proxies = proxies
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
