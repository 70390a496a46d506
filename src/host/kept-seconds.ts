import type { HostSecond, PartCounts, TrafficSecond } from '#contract/host/measurements.ts'

/** The number of names in a second: those of routes, of their latencies, and of tenants. */
const namesIn = ({ traffic }: HostSecond): number =>
  traffic.reduce(
    (sum, { routes = {}, routeLatencies = {}, tenants = {} }) =>
      sum + size(routes) + size(routeLatencies) + size(tenants),
    0,
  )

/**
 * The same second with all routes, and all tenants, of a service as one without a name: the counts
 * stay, and the names are gone. Latencies of routes say nothing without their names.
 */
const withoutNames = (second: HostSecond): HostSecond => ({
  ...second,
  traffic: second.traffic.map((one) => ({ ...one, ...merged(one) })),
})

/**
 * The seconds that a host keeps, oldest first: at most `most` of them. While they have more than
 * `names` names of routes, their latencies and tenants, the oldest ones lose their names.
 */
export class KeptSeconds {
  readonly #limits: { most: number; names: number }
  readonly #seconds: { second: HostSecond; names: number }[] = []
  #names = 0

  constructor(limits: { most: number; names: number }) {
    this.#limits = limits
  }

  add(second: HostSecond): void {
    const names = namesIn(second)
    this.#seconds.push({ second, names })
    this.#names += names
    if (this.#seconds.length > this.#limits.most) this.#names -= this.#seconds.shift()?.names ?? 0
    for (const kept of this.#seconds) {
      if (this.#names <= this.#limits.names) return
      if (kept.names === 0) continue
      kept.second = withoutNames(kept.second)
      this.#names -= kept.names
      kept.names = 0
    }
  }

  after(number: number): HostSecond[] {
    return this.#seconds.flatMap(({ second }) => (second.number > number ? [second] : []))
  }
}

const merged = ({ routes, tenants }: TrafficSecond): Partial<TrafficSecond> => ({
  ...(routes && { routes: sumOf(routes) }),
  routeLatencies: undefined,
  ...(tenants && { tenants: sumOf(tenants) }),
})

function sumOf(counts: PartCounts): PartCounts {
  const sum: [number, number] = [0, 0]
  for (const [all, failed] of Object.values(counts)) {
    sum[0] += all
    sum[1] += failed
  }
  return { '': sum }
}

const size = (counts: object): number => Object.keys(counts).length
