import { RouteLatency } from '#flows/monitoring/watched-route.ts'
import { Latencies, type LatencyOptions } from '../test/support/simulated-latency.ts'
import { quantile } from './measure.ts'

const day = 86_400
/** Routes of a service, which share the budget of false alarms. */
const routes = 10
/** Seconds after which a route is judged. */
const learning = day
const incidents = 20
const longest = 4 * 3600

const healthy: [string, Partial<LatencyOptions>][] = [
  ['independent', {}],
  ['2 % take ten times longer', { tail: 0.02 }],
  ['wanders by 10 %, 10 min', { wander: 0.1 }],
  ['wanders by 30 %, 1 min', { wander: 0.3, correlation: 60 }],
  ['wanders by 30 %, 10 min', { wander: 0.3 }],
  ['wanders by 30 %, 3 h', { wander: 0.3, correlation: 3 * 3600 }],
  ['daily curve ×0.74 to ×1.35', { wander: 0.1, daily: 0.3 }],
  ['5 bursts a day', { bursts: 5 }],
]

/** A route that is watched as in production. */
class SimulatedRoute {
  readonly #stream: Latencies
  #watch = new RouteLatency()
  #second = 0

  constructor(options: LatencyOptions) {
    this.#stream = new Latencies(options)
    this.#watch.streams = routes
  }

  step(factor = 1): void {
    this.#second += 1
    this.#watch.add(this.#second * 1000, this.#stream.next(factor), this.#second > learning)
  }

  get isSlow(): boolean {
    return this.#watch.harm !== null
  }

  /** Does something, and forgets what was learnt meanwhile. */
  during<T>(work: () => T): T {
    const state = structuredClone(this.#watch.save())
    const result = work()
    this.#watch = new RouteLatency(state)
    this.#watch.streams = routes
    return result
  }

  /** Steps until a second of the day. */
  until(second: number): void {
    do this.step()
    while (this.#second % day !== second)
  }
}

function falseAlarms(options: LatencyOptions, days: number): number {
  const route = new SimulatedRoute(options)
  let [alarms, wasSlow] = [0, false]
  for (let second = 0; second < days * day; second += 1) {
    route.step()
    if (route.isSlow && !wasSlow) alarms += 1
    wasSlow = route.isSlow
  }
  return alarms
}

/** Seconds to the alarm after three days of history, at the peak and at night. */
function delays(options: LatencyOptions, factor: number): Record<'peak' | 'night', number[]> {
  const route = new SimulatedRoute(options)
  for (let i = 0; i < 3; i += 1) route.until(0)
  const found = { peak: [] as number[], night: [] as number[] }
  for (let i = 0; i < incidents; i += 1) {
    route.until(i % 2 === 0 ? 0 : day / 2)
    const delay = route.during(() => {
      for (let passed = 1; passed <= longest; passed += 1) {
        route.step(factor)
        if (route.isSlow) return passed
      }
      return Infinity
    })
    found[i % 2 === 0 ? 'peak' : 'night'].push(delay)
  }
  return found
}

const seconds = (value: number): string =>
  Number.isFinite(value) ? String(Math.round(value)) : `over ${longest}`

const both = (values: number[]): string =>
  `${seconds(quantile(values, 0.5))} / ${seconds(quantile(values, 0.9))}`

/** False alarms of healthy routes, and the delay after a route becomes slower. */
export function routeLatencies(days: number): void {
  console.log(`latency of a route, one of ${routes}: false alarms in ${days} days, and seconds to`)
  console.log('the alarm when it is twice or five times as slow (peak; night: median / 90 %)')
  for (const load of [20, 1, 0.05])
    for (const [name, more] of healthy) {
      const options = { seed: 7, load, ...more }
      const slower = [2, 5].map((factor) => {
        const { peak, night } = delays(options, factor)
        return `×${factor}: ${both(peak)}; ${both(night)}`
      })
      console.log(`  ${load}/s, ${name}: ${falseAlarms(options, days)}; ${slower.join('; ')}`)
    }
}
