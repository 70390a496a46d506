import type { PartCounts, PartLatencies } from '#contract/host/measurements.ts'
import type { MeanScanState } from '#domains/detection/mean-scan.ts'
import type { ScanState } from '#domains/detection/scan.ts'
import type { Verdict } from '#domains/monitor/store.ts'
import {
  RouteErrors,
  type RouteHarm,
  RouteLatency,
  type WatchedRouteState,
} from './watched-route.ts'

/** What is found on the routes of a service: some fail more than usual, or are slower. */
export const routeKinds = ['routes', 'slow-routes'] as const
export type RouteKind = (typeof routeKinds)[number]
export type RoutesJudgement = Verdict & { kind: RouteKind }

type Route = { routes: RouteErrors; 'slow-routes': RouteLatency }

export interface RouteWatchState {
  seconds: number
  scores: [string, number][]
  hour: [string, number][]
  routes: (WatchedRouteState<ScanState> & {
    name: string
    /** absent in what an earlier version saved */
    latency?: WatchedRouteState<MeanScanState>
  })[]
}

/** Seconds for which a route is learnt before it is judged. */
const learnt = 86_400
/** Names that are remembered between hours, and within an hour. */
const mostNames = { kept: 100, hour: 2000 }
/** What an hour counts in the next one, so that a night changes nothing. */
const fade = 0.95
/** A route replaces another one when it has this many times its requests. */
const clearly = 1.5

/**
 * Judges the errors and the latency of the busiest routes of a service, each against its own past,
 * so that a route with few of the requests is noticed too.
 */
export class RouteWatch {
  readonly #routes = new Map<string, Route>()
  #scores: Map<string, number>
  #hour: Map<string, number>
  #seconds: number
  #streams = 1
  /** the largest number of routes that are watched */
  most = 10

  constructor(state?: RouteWatchState) {
    this.#seconds = state?.seconds ?? 0
    this.#scores = new Map(state?.scores)
    this.#hour = new Map(state?.hour)
    for (const { name, latency, ...errors } of state?.routes ?? [])
      this.#routes.set(name, newRoute(errors, latency))
  }

  save(): RouteWatchState {
    return {
      ...{ seconds: this.#seconds, scores: [...this.#scores], hour: [...this.#hour] },
      routes: [...this.#routes].map(([name, route]) => ({
        ...{ name, ...route.routes.save() },
        latency: route['slow-routes'].save(),
      })),
    }
  }

  /** Streams that share the budget of false alarms, and routes of a service that are watched. */
  share(streams: number, most: number): void {
    this.#streams = streams
    this.most = most
    for (const route of this.#routes.values())
      for (const kind of routeKinds) route[kind].streams = streams
  }

  hasHarm(kind: RouteKind): boolean {
    return [...this.#routes.values()].some((route) => route[kind].harm !== null)
  }

  /** Adds a second, at `at` in milliseconds. */
  add(at: number, counts: PartCounts, latencies: PartLatencies): void {
    this.#seconds += 1
    for (const [name, [requests]] of Object.entries(counts))
      if (name !== '' && (this.#hour.has(name) || this.#hour.size < mostNames.hour))
        this.#hour.set(name, (this.#hour.get(name) ?? 0) + requests)
    // Before the second is judged, so that the end of harm is never lost with its route.
    if (this.#seconds % 3600 === 0) this.#choose()
    for (const [name, { routes: errors, 'slow-routes': latency }] of this.#routes) {
      errors.add(at, counts[name] ?? [0, 0], isKnown(errors))
      latency.add(at, latencies[name] ?? [0, 0, 0], isKnown(latency))
    }
  }

  /** Chooses the routes with the most requests of about the last day. A route with harm stays. */
  #choose(): void {
    for (const [name, score] of this.#scores) this.#scores.set(name, score * fade)
    for (const [name, requests] of this.#hour)
      this.#scores.set(name, (this.#scores.get(name) ?? 0) + requests)
    this.#hour = new Map()
    const sorted = [...this.#scores].toSorted(([, a], [, b]) => b - a).slice(0, mostNames.kept)
    this.#scores = new Map(sorted)
    for (const [name, score] of sorted.slice(0, this.most)) {
      if (this.#routes.has(name)) continue
      const least = this.#routes.size < this.most ? null : this.#least()
      if (this.#routes.size >= this.most && (least === null || score < clearly * least.score))
        continue
      if (least) this.#routes.delete(least.name)
      const route = newRoute()
      for (const kind of routeKinds) route[kind].streams = this.#streams
      this.#routes.set(name, route)
    }
  }

  #least(): { name: string; score: number } | null {
    const scores = [...this.#routes].flatMap(([name, route]) =>
      routeKinds.some((kind) => route[kind].harm)
        ? []
        : [{ name, score: this.#scores.get(name) ?? 0 }],
    )
    return scores.toSorted((a, b) => a.score - b.score)[0] ?? null
  }

  /** Null while the service has fewer than two routes, or none is known. */
  judgement(kind: RouteKind): RoutesJudgement | null {
    const known = [...this.#routes].filter(([, route]) => isKnown(route[kind]))
    if (known.length === 0 || this.#routes.size < 2) return null
    const bad = known.flatMap(([name, route]) => {
      const { harm } = route[kind]
      return harm ? [{ name, ...harm }] : []
    })
    if (bad.length === 0) return { kind, state: 'up', reason: '', onset: null }
    return { kind, state: 'degraded', ...(kind === 'routes' ? failing(bad) : slow(bad)) }
  }
}

type BadRoute = RouteHarm & { name: string }

function failing(bad: BadRoute[]): Omit<Verdict, 'state'> {
  const { first, others, ...rest } = sorted(bad, ({ found }) => found)
  const more = others && `, and so ${bad.length === 2 ? 'does' : 'do'} ${others}`
  const usually = `usually ${percent(first.normal)}`
  const reason = `${percent(first.found)} of the requests to ${first.name} fail, ${usually}${more}`
  return { ...rest, reason }
}

function slow(bad: BadRoute[]): Omit<Verdict, 'state'> {
  const { first, others, ...rest } = sorted(bad, ({ found, normal }) => found - normal)
  const more = others && `; requests to ${others} are slower, too`
  const usually = `usually ${milliseconds(first.normal)}`
  const reason = `a request to ${first.name} takes ${milliseconds(first.found)}, ${usually}${more}`
  return { ...rest, reason }
}

/** The worst route, the names of the others, and what a judgement says of all of them. */
function sorted(
  bad: BadRoute[],
  badness: (one: BadRoute) => number,
): { first: BadRoute; others: string; routes: string[]; onset: RouteHarm['onset'] } {
  const all = bad.toSorted((a, b) => badness(b) - badness(a) || (a.name < b.name ? -1 : 1))
  const routes = all.map(({ name }) => name)
  const onset = {
    from: Math.min(...bad.map((one) => one.onset.from)),
    until: Math.min(...bad.map((one) => one.onset.until)),
  }
  return { first: all[0]!, others: routes.slice(1).join(', '), routes, onset }
}

const newRoute = (
  errors?: WatchedRouteState<ScanState>,
  latency?: WatchedRouteState<MeanScanState>,
): Route => ({ routes: new RouteErrors(errors), 'slow-routes': new RouteLatency(latency) })

const isKnown = ({ seconds }: { seconds: number }): boolean => seconds > learnt

export const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`

/** A mean of logarithms in words. */
export const milliseconds = (log: number): string => `${Number(Math.exp(log).toPrecision(2))} ms`
