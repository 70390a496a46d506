import {
  addLatency,
  type Latency,
  latencyBounds,
  noLatency,
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

type Sums = Pick<ServiceCount, 'outcomes' | 'bytes' | 'latency'>
type Second = Omit<TrafficSecond, 'app' | 'environment' | 'release'>

const noSums = (): Sums => ({ outcomes: {}, bytes: 0, latency: noLatency() })

/** The requests for the services of one release. */
export class TrafficCount {
  readonly #ended = new Map<string, Sums>()
  /** What ended since the last call of `takeSecond`. */
  #fresh = new Map<string, Sums>()

  /** `ms` is how long the request took, from its head to the end of its response. */
  end(service: string, outcome: string, bytes: number, ms: number): void {
    let sums = this.#fresh.get(service)
    if (!sums) this.#fresh.set(service, (sums = noSums()))
    sums.outcomes[outcome] = (sums.outcomes[outcome] ?? 0) + 1
    sums.bytes += bytes
    if (isTimed(outcome)) addRequest(sums.latency, ms)
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
    this.#fresh = new Map()
    return fresh
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

/** Errors are faster or slower for reasons of their own; an upgrade lasts as long as it is used. */
const isTimed = (outcome: string): boolean =>
  outcome === '2xx' || outcome === '3xx' || outcome === '4xx'

function addRequest(latency: Latency, ms: number): void {
  const log = Math.log(Math.max(0.01, ms))
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
