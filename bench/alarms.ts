import { RouteErrors } from '#flows/monitoring/watched-route.ts'
import { RateScan } from '#domains/detection/scan.ts'
import { Stream, type StreamOptions } from '../test/support/simulated-stream.ts'
import { firstMinute } from './alarms-first.ts'
import { routeLatencies } from './alarms-latency.ts'
import { quantile } from './measure.ts'

const day = 86_400
const learning = 28 * day
/** Simulated days after the history, and incidents per row. */
const days = Number(process.env['BENCH_DAYS'] ?? 90)
const incidents = Number(process.env['BENCH_RUNS'] ?? 60)
/** A burn-rate rule for 99.9 %: 14.4 times the budget over an hour and over five minutes. */
const burn = { objective: 0.999, factor: 14.4, long: 3600, short: 300 }

const healthy: [string, Partial<StreamOptions>][] = [
  ['independent', {}],
  ['wanders, sd 0.3, 10 min', { wander: 0.3 }],
  ['wanders, sd 0.3, 3 h', { wander: 0.3, correlation: 3 * 3600 }],
  ['wanders, sd 0.8, 1 min', { wander: 0.8, correlation: 60 }],
  ['wanders, sd 0.8, 10 min', { wander: 0.8 }],
  ['wanders, sd 0.8, 3 h', { wander: 0.8, correlation: 3 * 3600 }],
  ['5 bursts a day', { bursts: 5 }],
]

const harms: [string, StreamOptions, number][] = [
  ['0.1 → 0.5 %, 1,000/s', { seed: 11, load: 1000, rate: 0.001 }, 0.005],
  ['0.1 → 0.5 %, 1,000/s, sd 0.3', { seed: 11, load: 1000, rate: 0.001, wander: 0.3 }, 0.005],
  ['0.1 → 0.5 %, 1,000/s, bursts', { seed: 11, load: 1000, rate: 0.001, bursts: 5 }, 0.005],
  ['0.1 → 0.5 %, 10/s', { seed: 11, load: 10, rate: 0.001 }, 0.005],
  ['0.1 → 5 %, 10/s', { seed: 11, load: 10, rate: 0.001 }, 0.05],
  ['0.1 → 5 %, 10/s, sd 0.8', { seed: 11, load: 10, rate: 0.001, wander: 0.8 }, 0.05],
  ['outage, 10/s', { seed: 11, load: 10, rate: 0.001 }, 1],
  ['outage, 1/min', { seed: 11, load: 1 / 60, rate: 0.001 }, 1],
]

/** Whether the last seconds burn the budget faster than the rule allows. */
class BurnRule {
  readonly #ring = new Float64Array(2 * burn.long)
  #at = 0
  readonly #sums = { long: [0, 0], short: [0, 0] }

  add(trials: number, events: number): boolean {
    for (const name of ['long', 'short'] as const) {
      const sums = this.#sums[name]
      const old = ((this.#at - burn[name] + burn.long) % burn.long) * 2
      sums[0]! += trials - this.#ring[old]!
      sums[1]! += events - this.#ring[old + 1]!
    }
    this.#ring[this.#at * 2] = trials
    this.#ring[this.#at * 2 + 1] = events
    this.#at = (this.#at + 1) % burn.long
    const limit = burn.factor * (1 - burn.objective)
    return (['long', 'short'] as const).every(
      (name) => this.#sums[name][0]! > 0 && this.#sums[name][1]! / this.#sums[name][0]! >= limit,
    )
  }
}

/** Alarms of healthy streams; those within an hour of another count once. */
function falseAlarms(options: StreamOptions): {
  early: number
  later: number
  nanoseconds: number
} {
  const stream = new Stream(options)
  const scan = new RateScan()
  const found = { early: 0, later: 0, nanoseconds: 0 }
  let last = -Infinity
  let spent = 0
  for (let second = 0; second < learning + days * day; second += 1) {
    const { trials, events } = stream.next()
    const began = second % 1000 === 0 ? performance.now() : 0
    const finding = scan.add(trials, events)
    if (began > 0) spent += performance.now() - began
    if (!finding) continue
    if (second - last > 3600) found[second < learning ? 'early' : 'later'] += 1
    last = second
  }
  found.nanoseconds = (spent * 1e6) / ((learning + days * day) / 1000)
  return found
}

/** Seconds from the start of the harm to the alarm, at the peak and at night, and a rule's. */
function delays(options: StreamOptions, rate: number): Record<'peak' | 'night' | 'rule', number[]> {
  const stream = new Stream(options)
  const scan = new RateScan()
  const rule = new BurnRule()
  const found = { peak: [] as number[], night: [] as number[], rule: [] as number[] }
  let second = 0
  const step = (harm?: { rate: number }): { scan: boolean; rule: boolean } => {
    const { trials, events } = stream.next(harm)
    second += 1
    const burns = rule.add(trials, events)
    return { scan: scan.add(trials, events) !== null, rule: burns }
  }
  while (second < learning) step()
  for (let i = 0; i < incidents; i += 1) {
    while (second < learning + i * (day / 2) + 60) step()
    let [alarm, burning] = [Infinity, Infinity]
    for (let delay = 1; delay <= 4 * 3600 && Math.max(alarm, burning) === Infinity; delay += 1) {
      const { scan: alarms, rule: burns } = step({ rate })
      if (alarms && alarm === Infinity) scan.quarantine((alarm = delay))
      if (burns && burning === Infinity) burning = delay
    }
    found[i % 2 === 0 ? 'peak' : 'night'].push(alarm)
    found.rule.push(burning)
    scan.quarantine(0)
    for (let rest = 0; rest < 4000; rest += 1) step()
    scan.release()
  }
  return found
}

const youngStreams = 25
const youngDays = 3

/**
 * Streams without a history whose errors come in bursts, watched as in production: those that
 * alarm, and their alarms.
 */
function youngAlarms(load: number): { streams: number; alarms: number } {
  const found = { streams: 0, alarms: 0 }
  for (let seed = 500; seed < 500 + youngStreams; seed += 1) {
    const stream = new Stream({ seed, load, rate: 0.001, bursts: 5 })
    const watch = new RouteErrors()
    let [alarms, hadHarm] = [0, false]
    for (let second = 0; second < youngDays * day; second += 1) {
      const { trials, events } = stream.next()
      watch.add(second * 1000, [trials, events], true)
      const hasHarm = watch.harm !== null
      if (hasHarm && !hadHarm) alarms += 1
      hadHarm = hasHarm
    }
    found.alarms += alarms
    if (alarms > 0) found.streams += 1
  }
  return found
}

function youngBursts(): void {
  console.log(`5 bursts a day, the first ${youngDays} days of ${youngStreams} streams`)
  for (const load of [50, 500]) {
    const { streams, alarms } = youngAlarms(load)
    console.log(`  ${load}/s: ${alarms} alarms, in ${streams} streams`)
  }
}

const seconds = (value: number): string =>
  Number.isFinite(value) ? String(Math.round(value)) : 'over 14400'

/**
 * What the alarms of docs/decisions/0014-alarms.md do on simulated streams: false alarms of healthy
 * ones, and the delay after harm beside the fastest burn-rate rule of the SRE workbook.
 */
export async function run(): Promise<void> {
  const part = process.env['BENCH_ALARMS']
  if (part === 'latency') return routeLatencies(days)
  if (part === 'young') return youngBursts()
  if (part === 'first') return firstMinute()
  routeLatencies(days)
  youngBursts()
  console.log(`false alarms in ${days} days, base 0.1 % (and in the 28 days of learning before)`)
  for (const load of [1000, 10])
    for (const [name, options] of healthy) {
      const { early, later, nanoseconds } = falseAlarms({ seed: 7, load, rate: 0.001, ...options })
      console.log(
        `  ${load}/s, ${name}: ${later} (${early}); ${Math.round(nanoseconds)} ns a second`,
      )
    }
  console.log('seconds to the alarm, median and 90 %: peak; night; burn rate 14.4 of 99.9 %')
  for (const [name, options, rate] of harms) {
    const { peak, night, rule } = delays(options, rate)
    const both = (values: number[]): string =>
      `${seconds(quantile(values, 0.5))} / ${seconds(quantile(values, 0.9))}`
    console.log(`  ${name}: ${both(peak)}; ${both(night)}; ${both(rule)}`)
  }
}
