import type { PartCounts } from '#contract/host/measurements.ts'
import { onsetOf, rateSince } from '#domains/detection/onset.ts'
import { Over } from '#domains/detection/over.ts'
import { RateScan, type ScanState } from '#domains/detection/scan.ts'
import type { Verdict } from '#domains/monitor/store.ts'

/** What is found on the routes of a service. */
export type RoutesJudgement = Verdict & { kind: 'routes' }

interface Harm {
  normal: number
  found: number
  onset: { from: number; until: number }
}

interface Route {
  scan: RateScan
  /** seconds that it has been watched */
  seconds: number
  harm: Harm | null
  over: Over | null
}

export interface RouteWatchState {
  seconds: number
  scores: [string, number][]
  hour: [string, number][]
  routes: { name: string; scan: ScanState; seconds: number; harm: Harm | null }[]
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
 * Judges the errors of the busiest routes of a service, each against its own past, so that a route
 * with few of the requests is noticed too.
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
    for (const { name, scan, seconds, harm } of state?.routes ?? [])
      this.#routes.set(name, {
        ...{ scan: new RateScan({ state: scan }), seconds, harm },
        over: harm && new Over(harm.normal, harm.found),
      })
  }

  save(): RouteWatchState {
    return {
      ...{ seconds: this.#seconds, scores: [...this.#scores], hour: [...this.#hour] },
      routes: [...this.#routes].map(([name, { scan, seconds, harm }]) => ({
        ...{ name, seconds, harm },
        scan: scan.save(),
      })),
    }
  }

  /** Streams that share the budget of false alarms, and routes of a service that are watched. */
  share(streams: number, most: number): void {
    this.#streams = streams
    this.most = most
    for (const { scan } of this.#routes.values()) scan.streams = streams
  }

  get hasHarm(): boolean {
    return [...this.#routes.values()].some(({ harm }) => harm !== null)
  }

  /** Adds a second, at `at` in milliseconds. */
  add(at: number, counts: PartCounts): void {
    this.#seconds += 1
    for (const [name, [requests]] of Object.entries(counts))
      if (name !== '' && (this.#hour.has(name) || this.#hour.size < mostNames.hour))
        this.#hour.set(name, (this.#hour.get(name) ?? 0) + requests)
    // Before the second is judged, so that the end of harm is never lost with its route.
    if (this.#seconds % 3600 === 0) this.#choose()
    for (const [name, route] of this.#routes) this.#judge(route, counts[name] ?? [0, 0], at)
  }

  #judge(route: Route, [requests, errors]: readonly [number, number], at: number): void {
    const { scan, harm, over } = route
    route.seconds += 1
    const normal = scan.rate
    const found = scan.add(requests, errors)
    if (harm) {
      if (!over?.add(requests, errors)) return
      Object.assign(route, { harm: null, over: null })
      scan.release()
    } else if (found && route.seconds > learnt) {
      const { likely, most } = onsetOf(scan.windows(), normal)
      // A quiet route is found in a window of hours, most of which was before the harm.
      const rate = Math.max(found.events / found.trials, rateSince(scan.windows(), likely))
      const { from, to } = most
      scan.quarantine(from)
      route.over = new Over(normal, rate)
      const onset = { from: at - from * 1000, until: at - to * 1000 }
      route.harm = { normal, found: rate, onset }
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
      const scan = new RateScan()
      scan.streams = this.#streams
      this.#routes.set(name, { scan, seconds: 0, harm: null, over: null })
    }
  }

  #least(): { name: string; score: number } | null {
    const scores = [...this.#routes].flatMap(([name, { harm }]) =>
      harm ? [] : [{ name, score: this.#scores.get(name) ?? 0 }],
    )
    return scores.toSorted((a, b) => a.score - b.score)[0] ?? null
  }

  /** Null while the service has fewer than two routes, or none is known. */
  get judgement(): RoutesJudgement | null {
    const known = [...this.#routes].filter(([, { seconds }]) => seconds > learnt)
    if (known.length === 0 || this.#routes.size < 2) return null
    const bad = known
      .flatMap(([name, { harm }]) => (harm ? [{ name, ...harm }] : []))
      .toSorted((a, b) => b.found - a.found || (a.name < b.name ? -1 : 1))
    const [first, ...others] = bad
    if (!first) return { kind: 'routes', state: 'up', reason: '', onset: null }
    const routes = bad.map(({ name }) => name)
    const names = others.map(({ name }) => name).join(', ')
    const more = names && `, and so ${others.length === 1 ? 'does' : 'do'} ${names}`
    return {
      ...{ kind: 'routes', state: 'degraded', routes },
      reason:
        `${percent(first.found)} of the requests to ${first.name} fail, ` +
        `usually ${percent(first.normal)}${more}`,
      onset: {
        from: Math.min(...bad.map(({ onset }) => onset.from)),
        until: Math.min(...bad.map(({ onset }) => onset.until)),
      },
    }
  }
}

export const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`
