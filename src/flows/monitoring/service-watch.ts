import type { Latency, PartCounts, PartLatencies } from '#contract/host/measurements.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import { LoadOver } from '#domains/detection/load-over.ts'
import { MeanOver } from '#domains/detection/mean-over.ts'
import { MeanScan, type MeanScanState } from '#domains/detection/mean-scan.ts'
import { onsetOf, rateSince } from '#domains/detection/onset.ts'
import { Over } from '#domains/detection/over.ts'
import { Profile, type ProfileState } from '#domains/detection/profile.ts'
import type { Verdict } from '#domains/monitor/store.ts'
import { failingRoutes } from '#domains/monitor/failing-routes.ts'
import { addParts } from '#domains/signal/request-count.ts'
import {
  milliseconds,
  percent,
  type RouteKind,
  routeKinds,
  RouteWatch,
  type RouteWatchState,
} from './route-watch.ts'
import { type Finding, RateScan, type ScanState } from '#domains/detection/scan.ts'

/** What a service did in one second. */
export interface ServiceSecond {
  /** milliseconds since 1970 */
  at: number
  requests: number
  errors: number
  latency: Latency
  routes: PartCounts
  routeLatencies: PartLatencies
  /** whether requests that a host without an answer got are missing */
  isPartial?: boolean
}

export const watchedKinds = ['errors', 'latency', 'traffic', ...routeKinds] as const
export type WatchedKind = (typeof watchedKinds)[number]

export type Judgement = Verdict & { kind: WatchedKind }

/** A harm that was found and has not ended: the normal value, and that of the harm. */
interface Harm {
  normal: number
  found: number
  judgement: Judgement
}

export interface WatchState {
  version: 1
  errors: ScanState
  latency: MeanScanState
  traffic: ScanState
  profile: ProfileState
  /** absent in what an earlier version saved */
  routes?: RouteWatchState
  harms: Partial<Record<WatchedKind, Harm>>
  lastRequest: number
  said: Partial<Record<WatchedKind, MonitorState>>
}

/** Seconds of which the requests are known by route, to explain harm. */
const keptParts = 30
/** Routes that are watched: each takes about 200 KB of memory. */
const mostRoutes = { service: 10, all: 200 }
/** Milliseconds without a request after which nothing is known of a service. */
const quietMs = 600_000
const isOfRoutes = (kind: WatchedKind): kind is RouteKind => routeKinds.some((one) => one === kind)
/** Share of failed requests from which a service is down, not degraded. */
const downShare = 0.5

/**
 * Judges the seconds of one service: errors and latency against its own past, and traffic against
 * its day. Nothing is learnt from harm.
 */
export class ServiceWatch {
  readonly #errors: RateScan
  readonly #latency: MeanScan
  readonly #traffic: RateScan
  readonly #profile: Profile
  readonly #routes: RouteWatch
  readonly #harms: Partial<Record<WatchedKind, Harm>>
  readonly #said: Partial<Record<WatchedKind, MonitorState>>
  #errorsOver: Over | null = null
  #latencyOver: MeanOver | null = null
  #trafficOver: LoadOver | null = null
  #lastRequest: number
  /** requests and errors of the last three seconds */
  readonly #recent: [number, number][] = []
  /** requests of the last seconds by route */
  readonly #parts: PartCounts[] = []

  constructor(state?: WatchState) {
    this.#errors = new RateScan(state ? { state: state.errors } : {})
    this.#latency = new MeanScan(state?.latency)
    this.#traffic = new RateScan(state ? { side: 'fall', state: state.traffic } : { side: 'fall' })
    this.#profile = new Profile(state?.profile)
    this.#routes = new RouteWatch(state?.routes)
    this.#harms = state?.harms ?? {}
    this.#said = state?.said ?? {}
    this.#lastRequest = state?.lastRequest ?? 0
    const { errors, latency, traffic } = this.#harms
    if (errors) this.#errorsOver = new Over(errors.normal, errors.found)
    if (latency)
      this.#latencyOver = new MeanOver(latency.normal, latency.found, this.#latency.variance)
    if (traffic) this.#trafficOver = new LoadOver(traffic.found)
  }

  save(): WatchState {
    return {
      ...{ version: 1, harms: this.#harms, said: this.#said, lastRequest: this.#lastRequest },
      errors: this.#errors.save(),
      latency: this.#latency.save(),
      traffic: this.#traffic.save(),
      profile: this.#profile.save(),
      routes: this.#routes.save(),
    }
  }

  /** Divides the budget of false alarms, and what routes may cost, among `services`. */
  share(services: number): void {
    for (const one of [this.#errors, this.#latency, this.#traffic]) one.streams = services * 3
    const routes = Math.max(1, Math.min(mostRoutes.service, Math.floor(mostRoutes.all / services)))
    this.#routes.share(services * routes, routes)
  }

  /** Whether harm was found and has not ended. */
  get hasHarm(): boolean {
    return (
      Object.keys(this.#harms).length > 0 || routeKinds.some((kind) => this.#routes.hasHarm(kind))
    )
  }

  get lastRequest(): number {
    return this.#lastRequest
  }

  /** The present state of every kind, for monitors that were unknown meanwhile. */
  repeat(at: number): Judgement[] {
    return this.kinds.map(
      (kind) =>
        this.#harmOf(kind) ?? { ...this.#quiet(kind, at), state: this.#said[kind] ?? 'unknown' },
    )
  }

  /** The kinds of which something is known. */
  get kinds(): WatchedKind[] {
    return watchedKinds.filter((kind) => this.#said[kind] !== undefined)
  }

  #harmOf(kind: WatchedKind): Judgement | null {
    if (!isOfRoutes(kind)) return this.#harms[kind]?.judgement ?? null
    return this.#routes.hasHarm(kind) ? this.#routes.judgement(kind) : null
  }

  /** Adds a second; returns the kinds whose state changed. */
  add(second: ServiceSecond): Judgement[] {
    if (second.requests > 0) this.#lastRequest = second.at
    this.#recent.push([second.requests, second.errors])
    if (this.#recent.length > 3) this.#recent.shift()
    this.#parts.push(second.routes)
    if (this.#parts.length > keptParts) this.#parts.shift()
    return [
      this.#addErrors(second),
      this.#addLatency(second),
      this.#addTraffic(second),
      ...this.#addRoutes(second),
    ].flatMap((judgement) => (judgement === null ? [] : this.#change(judgement)))
  }

  #change(judgement: Judgement): Judgement[] {
    if (this.#said[judgement.kind] === judgement.state) return []
    this.#said[judgement.kind] = judgement.state
    return [judgement]
  }

  #quiet(kind: WatchedKind, at: number): Judgement {
    return at - this.#lastRequest > quietMs
      ? { kind, state: 'unknown', reason: 'it had no requests for 10 minutes', onset: null }
      : { kind, state: 'up', reason: '', onset: null }
  }

  #addErrors({ at, requests, errors }: ServiceSecond): Judgement | null {
    const normal = this.#errors.rate
    const found = this.#errors.add(requests, errors)
    const harm = this.#harms.errors
    if (harm && this.#errorsOver?.add(requests, errors)) {
      delete this.#harms.errors
      this.#errorsOver = null
      this.#errors.release()
      return this.#quiet('errors', at)
    }
    if (harm) return this.#worse(harm)
    if (!found) return this.#quiet('errors', at)
    const onset = onsetOf(this.#errors.windows(), normal)
    this.#errors.quarantine(onset.most.from)
    const since = rateSince(this.#errors.windows(), onset.likely)
    const usual = this.#errors.isKnown ? usually(normal, found) : ''
    const rate = Math.max(found.events / found.trials, since)
    this.#errorsOver = new Over(normal, rate)
    const judgement: Judgement = {
      kind: 'errors',
      state: rate >= downShare || this.#isDown() ? 'down' : 'degraded',
      ...this.#explain(`${percent(rate)} of the requests fail${usual}`),
      onset: { from: at - onset.most.from * 1000, until: at - onset.most.to * 1000 },
    }
    this.#harms.errors = { normal, found: rate, judgement }
    return judgement
  }

  /** A harm that grows is down; it is not degraded again before it ends. */
  #worse(harm: Harm): Judgement {
    if (harm.judgement.state === 'down' || !this.#isDown()) return harm.judgement
    const [requests, errors] = this.#sumRecent()
    const explained = this.#explain(`${percent(errors / requests)} of the requests fail`)
    harm.judgement = { ...harm.judgement, state: 'down', ...explained }
    return harm.judgement
  }

  /** Which routes have harm may change while others go on. */
  #addRoutes({ at, routes, routeLatencies }: ServiceSecond): (Judgement | null)[] {
    const before = routeKinds.map((kind) => this.#routes.judgement(kind)?.reason)
    this.#routes.add(at, routes, routeLatencies)
    return routeKinds.map((kind, i) => {
      const judgement = this.#routes.judgement(kind)
      if (judgement && judgement.state !== 'up' && judgement.reason !== before[i])
        delete this.#said[kind]
      return judgement?.state === 'up' ? this.#quiet(kind, at) : judgement
    })
  }

  /** Adds the routes that explain why requests failed in the last seconds. */
  #explain(reason: string): { reason: string; routes: string[] } {
    const sums = this.#parts.reduce<PartCounts>((sum, one) => addParts(sum, one), {})
    const routes = failingRoutes(sums)
    const named = routes.length === 0 ? '' : `; most of them to ${routes.join(', ')}`
    return { reason: reason + named, routes }
  }

  #sumRecent(): [number, number] {
    return this.#recent.reduce<[number, number]>(
      ([requests, errors], one) => [requests + one[0], errors + one[1]],
      [0, 0],
    )
  }

  #isDown(): boolean {
    const [requests, errors] = this.#sumRecent()
    return requests >= 5 && errors >= requests * downShare
  }

  #addLatency({ at, latency }: ServiceSecond): Judgement | null {
    const found = this.#latency.add(latency.requests, latency.sum, latency.squares)
    const harm = this.#harms.latency
    if (harm) {
      if (!this.#latencyOver?.add(latency.requests, latency.sum)) return harm.judgement
      delete this.#harms.latency
      this.#latencyOver = null
      this.#latency.release()
      return this.#quiet('latency', at)
    }
    if (!found) return this.#quiet('latency', at)
    this.#latency.quarantine(found.seconds)
    this.#latencyOver = new MeanOver(found.expected, found.mean, this.#latency.variance)
    const judgement: Judgement = {
      ...{ kind: 'latency', state: 'degraded' },
      reason:
        `a request takes ${milliseconds(found.mean)}, usually ` + milliseconds(found.expected),
      onset: { from: at - found.seconds * 1000, until: at },
    }
    this.#harms.latency = { normal: found.expected, found: found.mean, judgement }
    return judgement
  }

  #addTraffic({ at, requests, isPartial }: ServiceSecond): Judgement | null {
    const time = at / 1000
    const expected = this.#profile.at(time)
    const harm = this.#harms.traffic
    if (isPartial) return { ...{ kind: 'traffic', onset: null }, ...notAllAnswer }
    if (harm) {
      if (!this.#trafficOver?.add(expected ?? 0, requests)) return harm.judgement
      delete this.#harms.traffic
      this.#trafficOver = null
      this.#traffic.release()
      this.#profile.forgetOpen()
      return { kind: 'traffic', state: 'up', reason: '', onset: null }
    }
    this.#profile.add(time, requests)
    if (expected === null)
      return {
        ...{ kind: 'traffic', state: 'unknown', onset: null },
        reason: 'its usual traffic is known after three days',
      }
    const found = this.#traffic.add(expected, requests)
    if (!found) return { kind: 'traffic', state: 'up', reason: '', onset: null }
    this.#traffic.quarantine(found.seconds)
    const share = found.events / found.trials
    this.#trafficOver = new LoadOver(share)
    const judgement: Judgement = {
      kind: 'traffic',
      state: share < 0.01 ? 'down' : 'degraded',
      reason: `${percent(share)} of the usual requests arrive`,
      onset: { from: at - found.seconds * 1000, until: at },
    }
    this.#harms.traffic = { normal: 1, found: share, judgement }
    return judgement
  }
}

const notAllAnswer = { state: 'unknown', reason: 'not all of its hosts answer' } as const

const usually = (normal: number, { trials }: Finding): string =>
  normal * Math.max(1000, trials) < 0.1 ? '' : `, usually ${percent(normal)}`
