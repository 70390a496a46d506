import {
  addLatency,
  errorOutcomes,
  isCounted,
  type Latency,
  latencyBounds,
  noLatency,
  type PartLatencies,
  type TrafficSecond,
} from '#contract/host/measurements.ts'

/** Milliseconds after which a request in progress counts as hanging. */
const hangingMs = 10_000

/** What the requests for one service of a release came to, since the host started. */
export interface ServiceCount {
  service: string
  /**
   * Ended requests by outcome: `1xx` to `5xx`, `refused`, `broken`, `left` (the client left first).
   */
  outcomes: Record<string, number>
  /** Bytes of the responses, heads included. */
  bytes: number
  latency: Latency
  /** Requests in progress, and those of them that take longer than 10 seconds. */
  open: number
  hanging: number
}

/** Names that are counted in a second, and those of failed requests. */
const mostNames = { all: 200, failed: 1000 }

type Sums = Pick<ServiceCount, 'outcomes' | 'bytes' | 'latency'>
type Second = Omit<TrafficSecond, 'app' | 'environment' | 'release'>

const noSums = (): Sums => ({ outcomes: {}, bytes: 0, latency: noLatency() })

/** The requests for the services of one release. */
export class TrafficCount {
  readonly #ended = new Map<string, Sums>()
  /** What ended since the last call of `takeSecond`. */
  #fresh = new Map<string, Sums>()
  /** The parts of what ended since then. */
  #parts = new Map<string, PartsOfService>()

  /** `ms` is how long the request took, from its head to the end of its response. */
  end(
    service: string,
    outcome: string,
    bytes: number,
    ms: number,
    parts?: { route: string; tenant: string | null },
  ): void {
    if (parts && isCounted(outcome)) this.#count(service, outcome, ms, parts)
    let sums = this.#fresh.get(service)
    if (!sums) this.#fresh.set(service, (sums = noSums()))
    sums.outcomes[outcome] = (sums.outcomes[outcome] ?? 0) + 1
    sums.bytes += bytes
    if (isTimed(outcome)) addRequest(sums.latency, ms)
  }

  #count(
    service: string,
    outcome: string,
    ms: number,
    { route, tenant }: { route: string; tenant: string | null },
  ): void {
    let parts = this.#parts.get(service)
    if (!parts) this.#parts.set(service, (parts = noParts()))
    const hasFailed = errorOutcomes.includes(outcome)
    addPart(parts.routes, route, hasFailed)
    // Not all names are counted, and a mixture of routes has no usual latency.
    if (isTimed(outcome) && parts.routes.has(route)) addTime(parts.latencies, route, ms)
    if (tenant !== null) addPart(parts.tenants, tenant, hasFailed)
  }

  #partsOf(service: string): Pick<TrafficSecond, 'routes' | 'routeLatencies' | 'tenants'> {
    const parts = this.#parts.get(service)
    if (!parts) return {}
    const { routes, latencies, tenants } = parts
    return {
      routes: Object.fromEntries(routes),
      ...(latencies.size > 0 && { routeLatencies: Object.fromEntries(latencies) }),
      ...(tenants.size > 0 && { tenants: Object.fromEntries(tenants) }),
    }
  }

  /** What ended since the last call, by service. */
  takeSecond(): Second[] {
    if (this.#fresh.size === 0) return []
    const fresh = [...this.#fresh].map(([service, sums]) => ({ service, ...sums }))
    for (const { service, ...sums } of fresh) {
      let total = this.#ended.get(service)
      if (!total) this.#ended.set(service, (total = noSums()))
      add(total, sums)
    }
    const seconds = fresh.map((one) => ({ ...one, ...this.#partsOf(one.service) }))
    this.#fresh = new Map()
    this.#parts = new Map()
    return seconds
  }

  /** The counts by name of the service, with those of `open`, the requests in progress. */
  view(open: { service: string; began: number }[], now: number): ServiceCount[] {
    const names = new Set([
      ...this.#ended.keys(),
      ...this.#fresh.keys(),
      ...open.map(({ service }) => service),
    ])
    return [...names].toSorted().map((service) => {
      const mine = open.filter((one) => one.service === service)
      const sums = noSums()
      for (const one of [this.#ended.get(service), this.#fresh.get(service)])
        if (one) add(sums, one)
      const hanging = mine.filter(({ began }) => now - began > hangingMs).length
      return { service, ...sums, open: mine.length, hanging }
    })
  }
}

type Parts = Map<string, [number, number]>
interface PartsOfService {
  routes: Parts
  latencies: Map<string, PartLatencies[string]>
  tenants: Parts
}

const noParts = (): PartsOfService => ({
  routes: new Map(),
  latencies: new Map(),
  tenants: new Map(),
})

function addTime(latencies: PartsOfService['latencies'], route: string, ms: number): void {
  let sums = latencies.get(route)
  if (!sums) latencies.set(route, (sums = [0, 0, 0]))
  const log = logOf(ms)
  sums[0] += 1
  sums[1] += log
  sums[2] += log * log
}

function addPart(parts: Parts, name: string, hasFailed: boolean): void {
  let count = parts.get(name)
  if (!count) {
    const isKnown = parts.size < (hasFailed ? mostNames.failed : mostNames.all)
    count = isKnown ? undefined : parts.get('')
    if (!count) parts.set(isKnown ? name : '', (count = [0, 0]))
  }
  count[0] += 1
  if (hasFailed) count[1] += 1
}

/** Errors are faster or slower for reasons of their own; an upgrade lasts as long as it is used. */
const isTimed = (outcome: string): boolean =>
  outcome === '2xx' || outcome === '3xx' || outcome === '4xx'

const logOf = (ms: number): number => Math.log(Math.max(0.01, ms))

function addRequest(latency: Latency, ms: number): void {
  const log = logOf(ms)
  latency.requests += 1
  latency.sum += log
  latency.squares += log * log
  const index = Math.min(latencyBounds.length, Math.max(0, Math.ceil(2 * Math.log2(ms / 0.25))))
  latency.buckets[index] = (latency.buckets[index] ?? 0) + 1
}

function add(sums: Sums, { outcomes, bytes, latency }: Sums): void {
  for (const [outcome, count] of Object.entries(outcomes))
    sums.outcomes[outcome] = (sums.outcomes[outcome] ?? 0) + count
  sums.bytes += bytes
  addLatency(sums.latency, latency)
}
