import { setTimeout as pause } from 'node:timers/promises'
import {
  addLatency,
  addPartLatencies,
  countOutcomes,
  type HostSecond,
  noLatency,
} from '#contract/host/measurements.ts'
import { addParts } from '#domains/signal/request-count.ts'
import type { ServiceSecond } from './service-watch.ts'
import type { SignalSource } from './store-signals.ts'

/** The requests for a service in one second, over all of its releases. */
export interface ServiceCounts extends Omit<ServiceSecond, 'at' | 'isPartial'> {
  app: string
  environment: string
  service: string
}

/** A second of a host. Numbers begin again with each process of the host, which is `run`. */
export interface ReadSecond {
  run: string
  number: number
  /** milliseconds since 1970 */
  at: number
  services: Map<string, ServiceCounts>
}

/** Seconds without a new one after which the seconds of other hosts are judged without it. */
const waitSeconds = 5
/** Seconds that the clock of a host may differ; beyond it, that of the server counts. */
const clockSeconds = 3
/** Seconds that are kept for services whose other hosts are late. */
const keptSeconds = 30
/** Milliseconds to wait for the next second; a later one is used in the next round. */
const answerMs = 1000

/**
 * The last seconds of one host by the clock of the server, so that those of several hosts can be
 * added whatever their clocks say.
 */
export class HostSeconds {
  readonly #source: SignalSource
  readonly #now: () => number
  readonly #seconds = new Map<number, ReadSecond>()
  readonly #fresh: number[] = []
  #run = ''
  #next = 0
  /** the second of the server's clock with number 0 */
  #base = 0
  #reading: Promise<void> | null = null
  /** the last second, since 1970; 0 before the first one, which others wait for */
  last = 0
  /** when it had a new second, or began, in seconds since 1970 */
  #freshAt: number
  /** milliseconds since 1970 */
  answeredAt: number
  /** whether the last question was answered */
  answers = false
  /** what its machine and its instances use; null before it is known */
  usage: NonNullable<HostSecond['usage']> | null = null

  constructor(source: SignalSource, now: () => number) {
    this.#source = source
    this.#now = now
    this.answeredAt = now()
    this.#freshAt = this.#present
  }

  get #present(): number {
    return Math.floor(this.#now() / 1000)
  }

  /** Reads what is new. A host that does not answer has nothing new. */
  async update(): Promise<void> {
    this.#reading ??= this.#read()
      .catch(() => {
        this.answers = false
      })
      .finally(() => (this.#reading = null))
    await Promise.race([this.#reading, pause(answerMs, undefined, { ref: false })])
  }

  async #read(): Promise<void> {
    const found = await this.#source.measurements(this.#next, answerMs)
    const isOther = this.#next > 0 && found.run !== this.#run
    const { run, seconds } = isOther ? await this.#source.measurements(0) : found
    this.answeredAt = this.#now()
    this.answers = true
    const last = seconds.at(-1)
    if (!last) return
    const drift = this.#base + last.number - this.#present
    if (run !== this.#run || Math.abs(drift) > clockSeconds)
      this.#base = this.#present - last.number
    this.#run = run
    this.#next = last.number
    for (const one of seconds) this.#add(run, one)
    this.last = this.#freshAt = this.#base + last.number
    this.usage = seconds.findLast(({ usage }) => usage)?.usage ?? this.usage
  }

  #add(run: string, second: HostSecond): void {
    const { number } = second
    const time = this.#base + number
    const isRight = Math.abs(second.at / 1000 - time) <= clockSeconds
    const at = isRight ? second.at : time * 1000
    this.#seconds.set(time, { run, number, at, services: servicesOf(second) })
    this.#fresh.push(time)
  }

  /** The seconds that this has not returned before. */
  takeFresh(): [number, ReadSecond][] {
    return this.#fresh.splice(0).map((time) => [time, this.#seconds.get(time)!])
  }

  /** Whether nothing is known of its last seconds. */
  get isSilent(): boolean {
    return this.#present - this.#freshAt > waitSeconds
  }

  /** The seconds after `time` that are kept. */
  after(time: number): number[] {
    return [...this.#seconds.keys()].filter((one) => one > time)
  }

  at(time: number): ReadSecond | undefined {
    return this.#seconds.get(time)
  }

  forgetOld(): void {
    const oldest = this.#present - keptSeconds
    for (const time of this.#seconds.keys()) if (time < oldest) this.#seconds.delete(time)
  }
}

export const serviceKey = ({
  app,
  environment,
  service,
}: Pick<ServiceCounts, 'app' | 'environment' | 'service'>): string =>
  `${app}/${environment}/${service}`

export const noCounts = () => ({
  requests: 0,
  errors: 0,
  latency: noLatency(),
  routes: {},
  routeLatencies: {},
})

type Sum = Omit<ServiceSecond, 'at' | 'isPartial'>

/** Adds the second counts to the first. */
export function addServiceCounts(sum: Sum, more: Sum): void {
  sum.requests += more.requests
  sum.errors += more.errors
  addLatency(sum.latency, more.latency)
  sum.routes = addParts(sum.routes, more.routes)
  addPartLatencies(sum.routeLatencies, more.routeLatencies)
}

function servicesOf({ traffic }: HostSecond): Map<string, ServiceCounts> {
  const found = new Map<string, ServiceCounts>()
  for (const { app, environment, service, outcomes, latency, ...parts } of traffic) {
    const place = { app, environment, service }
    const sum = found.get(serviceKey(place)) ?? { ...place, ...noCounts() }
    found.set(serviceKey(place), sum)
    const { routes = {}, routeLatencies = {} } = parts
    addServiceCounts(sum, { ...countOutcomes(outcomes), latency, routes, routeLatencies })
  }
  return found
}
