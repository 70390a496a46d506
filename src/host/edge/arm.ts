import { type ArmCounts, bucketOf } from '#contract/verdict/verdict.ts'

/** The outcome of one request. */
export interface Outcome {
  outcome: string
  isError: boolean
  /** Milliseconds from the request's head to the end of its response. */
  ms: number
  /** Bytes of the response, and of its body; a null size is unknown. */
  bytes: number
  size: number | null
  /** The process that answered; null when none did. */
  instance: string | null
  /** The names of the routes it belongs to, and its tenant, if they are counted. */
  routes: string[]
  tenant: string | null
}

/** The outcome of a response; status 499 stands for a client that left early. */
export const outcomeOf = (status: number): string =>
  status === 499 ? 'left' : `${Math.floor(status / 100)}xx`

type Parts = NonNullable<ArmCounts['instances']>
type Sums = NonNullable<ArmCounts['routes']>

/** The requests of one release in a batch. */
export class Arm {
  #requests = 0
  #errors = 0
  #bytes = 0
  readonly #outcomes: Record<string, number> = {}
  readonly #latency = new Map<number, number>()
  readonly #sizes = new Map<number, number>()
  readonly #instances: Parts = {}
  readonly #routes: Sums = {}
  readonly #tenants: Sums = {}

  add({ outcome, isError, ms, bytes, size, instance, routes, tenant }: Outcome): void {
    this.#requests += 1
    this.#bytes += bytes
    increase(this.#latency, bucketOf(ms), 1)
    if (size !== null && outcome === '2xx') increase(this.#sizes, bucketOf(size / 1000), 1)
    this.fail(outcome, isError)
    if (instance !== null) {
      const part = (this.#instances[instance] ??= { requests: 0, errors: 0, unfinished: 0 })
      part.requests += 1
      if (isError) part.errors += 1
      if (outcome === 'open' || outcome === 'left') part.unfinished += 1
    }
    const one: [number, number] = [1, isError ? 1 : 0]
    for (const name of routes) addTo(this.#routes, name, one)
    if (tenant !== null) addTo(this.#tenants, tenant, one)
  }

  /** Counts an outcome without a request, for a session that was counted before. */
  fail(outcome: string, isError: boolean): void {
    if (isError) this.#errors += 1
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1
  }

  addAll(other: ArmCounts): void {
    this.#requests += other.requests
    this.#errors += other.errors
    this.#bytes += other.bytes
    for (const [name, count] of Object.entries(other.outcomes))
      this.#outcomes[name] = (this.#outcomes[name] ?? 0) + count
    for (const [bucket, count] of other.latency) increase(this.#latency, bucket, count)
    for (const [bucket, count] of other.sizes ?? []) increase(this.#sizes, bucket, count)
    for (const [name, more] of Object.entries(other.instances ?? {})) {
      const part = (this.#instances[name] ??= { requests: 0, errors: 0, unfinished: 0 })
      part.requests += more.requests
      part.errors += more.errors
      part.unfinished += more.unfinished
    }
    for (const [name, sums] of Object.entries(other.routes ?? {})) addTo(this.#routes, name, sums)
    for (const [name, sums] of Object.entries(other.tenants ?? {})) addTo(this.#tenants, name, sums)
  }

  counts(): ArmCounts {
    return {
      ...{ requests: this.#requests, errors: this.#errors, outcomes: { ...this.#outcomes } },
      ...{ bytes: this.#bytes, latency: sorted(this.#latency) },
      ...(this.#sizes.size > 0 && { sizes: sorted(this.#sizes) }),
      ...(Object.keys(this.#instances).length > 0 && { instances: this.#instances }),
      ...(Object.keys(this.#routes).length > 0 && { routes: this.#routes }),
      ...(Object.keys(this.#tenants).length > 0 && { tenants: this.#tenants }),
    }
  }
}

function addTo(all: Sums, name: string, [requests, errors]: [number, number]): void {
  const sums = (all[name] ??= [0, 0])
  sums[0] += requests
  sums[1] += errors
}

function increase(counts: Map<number, number>, key: number, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

const sorted = (counts: Map<number, number>): [number, number][] =>
  [...counts].toSorted(([a], [b]) => a - b)
