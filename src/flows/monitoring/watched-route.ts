import { MeanOver } from '#domains/detection/mean-over.ts'
import { MeanScan, type MeanScanState } from '#domains/detection/mean-scan.ts'
import { onsetOf, rateSince } from '#domains/detection/onset.ts'
import { Over } from '#domains/detection/over.ts'
import { RateScan, type ScanState } from '#domains/detection/scan.ts'

/** What is wrong with a route: its usual value, that of the harm, and since when, in ms. */
export interface RouteHarm {
  normal: number
  found: number
  onset: { from: number; until: number }
}

/** A detector of a route as plain data. */
export interface WatchedRouteState<Scan> {
  scan: Scan
  /** seconds that it has been watched */
  seconds: number
  harm: RouteHarm | null
}

/** The share of the requests to a route that fail, beside its own past. */
export class RouteErrors {
  readonly #scan: RateScan
  #over: Over | null
  seconds: number
  harm: RouteHarm | null

  constructor(state?: WatchedRouteState<ScanState>) {
    this.#scan = new RateScan(state ? { state: state.scan } : {})
    this.seconds = state?.seconds ?? 0
    this.harm = state?.harm ?? null
    this.#over = this.harm && new Over(this.harm.normal, this.harm.found)
  }

  save(): WatchedRouteState<ScanState> {
    return { scan: this.#scan.save(), seconds: this.seconds, harm: this.harm }
  }

  set streams(streams: number) {
    this.#scan.streams = streams
  }

  /** Adds a second, at `at` in milliseconds; harm is found only if `isJudged`. */
  add(at: number, [requests, errors]: readonly [number, number], isJudged: boolean): void {
    this.seconds += 1
    const scan = this.#scan
    const normal = scan.rate
    const found = scan.add(requests, errors)
    if (this.harm) {
      if (!this.#over?.add(requests, errors)) return
      this.harm = this.#over = null
      scan.release()
    } else if (found && isJudged) {
      const { likely, most } = onsetOf(scan.windows(), normal)
      // A quiet route is found in a window of hours, most of which was before the harm.
      const rate = Math.max(found.events / found.trials, rateSince(scan.windows(), likely))
      const { from, to } = most
      scan.quarantine(from)
      this.#over = new Over(normal, rate)
      const onset = { from: at - from * 1000, until: at - to * 1000 }
      this.harm = { normal, found: rate, onset }
    }
  }
}

/** The mean logarithm of the milliseconds that requests to a route take, beside its own past. */
export class RouteLatency {
  readonly #scan: MeanScan
  #over: MeanOver | null
  seconds: number
  harm: RouteHarm | null

  constructor(state?: WatchedRouteState<MeanScanState>) {
    this.#scan = new MeanScan(state?.scan)
    this.seconds = state?.seconds ?? 0
    this.harm = state?.harm ?? null
    this.#over = this.harm && this.#overOf(this.harm)
  }

  #overOf({ normal, found }: RouteHarm): MeanOver {
    return new MeanOver(normal, found, this.#scan.variance)
  }

  save(): WatchedRouteState<MeanScanState> {
    return { scan: this.#scan.save(), seconds: this.seconds, harm: this.harm }
  }

  set streams(streams: number) {
    this.#scan.streams = streams
  }

  /** Adds a second, at `at` in milliseconds; harm is found only if `isJudged`. */
  add(
    at: number,
    [values, sum, squares]: readonly [number, number, number],
    isJudged: boolean,
  ): void {
    this.seconds += 1
    const scan = this.#scan
    const found = scan.add(values, sum, squares)
    if (this.harm) {
      if (!this.#over?.add(values, sum)) return
      this.harm = this.#over = null
      scan.release()
    } else if (found && isJudged) {
      scan.quarantine(found.seconds)
      const onset = { from: at - found.seconds * 1000, until: at }
      this.harm = { normal: found.expected, found: found.mean, onset }
      this.#over = this.#overOf(this.harm)
    }
  }
}
