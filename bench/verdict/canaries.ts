import { identical } from './identical.ts'
import { type Ending, even, latencyOf, type Load, plain, runCanary, type Serve } from './streams.ts'
import { median } from '../measure.ts'

const ends = ['proven', 'unproven', 'held', 'rolled back'] as const
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`.padStart(8)

/** Duration in the largest unit that gives a small number. */
const span = (seconds: number): string =>
  seconds < 100 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`

function summarize(runs: number, load: Load, serve: () => Serve, isWatched = false): Ending[] {
  return Array.from({ length: runs }, (_, i) => runCanary(i + 1, load, serve, isWatched))
}

const partOf = (all: Ending[], end: Ending['end']): number =>
  all.filter((one) => one.end === end).length / all.length

/** The ends of canaries that are as good as the release before, with the settings that ship. */
export function printIdentical(runs: number): void {
  console.log(`identical releases, settings that ship, ${runs} canaries each: share of each end`)
  console.log(`  ${''.padEnd(46)} ${ends.map((end) => end.padStart(11)).join(' ')}`)
  for (const { name, load, serve } of identical) {
    const all = summarize(runs, load, serve)
    const cells = ends.map((end) => percent(partOf(all, end)).padStart(11))
    console.log(`  ${name.padEnd(46)} ${cells.join(' ')}`)
  }
}

const status =
  (outcome: string): (() => Serve) =>
  () =>
  (random, arm) => ({ outcome: arm === 'canary' ? outcome : '2xx', ms: latencyOf(random) })

/** One of 100 requests of the canary hangs until its client gives up after 5 seconds. */
const hangs = (): Serve => (random, arm) =>
  arm === 'canary' && random() < 0.01
    ? { outcome: 'left', ms: 5000 }
    : { outcome: '2xx', ms: latencyOf(random) }

const empty = (): Serve => (random, arm) => ({
  ...{ outcome: '2xx', ms: latencyOf(random) },
  size: arm === 'canary' ? 0 : 1000 + 4000 * random(),
})

const late = (): Serve => (random, arm, second) => ({
  outcome: random() < (arm === 'canary' && second > 600 ? 0.05 : 0.01) ? '5xx' : '2xx',
  ms: latencyOf(random),
})

const harms: [string, number, () => Serve][] = [
  ['404 on everything, 10/s', 10, status('4xx')],
  ['everything hangs, 10/s', 10, status('open')],
  ['everything hangs, 1/s', 1, status('open')],
  ['1 % of the requests hang, 30/s', 30, hangs],
  ['empty bodies, 10/s', 10, empty],
  ['errors 80 → 100 %, 10/s', 10, plain({ baseline: 0.8, canary: 1 })],
  ['errors 90 → 100 %, 10/s', 10, plain({ baseline: 0.9, canary: 1 })],
  ['errors 2 % × 1.6, 15/s', 15, plain({ baseline: 0.02, canary: 0.032 })],
  ['errors 1 % × 5 after ten minutes, 30/s', 30, late],
  ['latency × 1.6, 15/s', 15, plain(even(0), 1.6)],
  ['latency × 2, 15/s', 15, plain(even(0), 2)],
]

/** Canaries that do harm, with the settings that ship. */
export function printHarm(runs: number): void {
  console.log(`harm, settings that ship, ${runs} canaries each: share of each end, and the median`)
  console.log(
    `  ${''.padEnd(40)} ${ends.map((end) => end.padStart(11)).join(' ')}   until rolled back; ` +
      'rolled back after the promotion',
  )
  for (const [name, load, serve] of harms) {
    const all = summarize(runs, load, serve, true)
    const cells = ends.map((end) => percent(partOf(all, end)).padStart(11))
    const back = all.filter(({ end }) => end === 'rolled back')
    const time =
      back.length === 0
        ? '–'
        : `${span(median(back.map(({ second }) => second)))}, ` +
          `${Math.round(median(back.map(({ assigned }) => assigned)))} requests`
    const later = all.filter(({ takenBack }) => takenBack !== null)
    const after = percent(later.length / runs).trim()
    console.log(`  ${name.padEnd(40)} ${cells.join(' ')}   ${time}; ${after}`)
  }
}

/** What users can expect: traffic and error rate against the time until the end. */
export function printTimes(runs: number): void {
  console.log(
    `settings that ship, ${runs} canaries each: time until promoted (share of the promoted, of ` +
      'the proven); until rolled back (share) when errors are ×2, ×5, ×20, and in an outage',
  )
  for (const perSecond of [1, 3, 10, 30, 100])
    for (const rate of [0, 0.001, 0.01]) {
      const healthy = summarize(runs, perSecond, plain(even(rate)))
      const proven = partOf(healthy, 'proven')
      const promoted = proven + partOf(healthy, 'unproven')
      const cells = [2, 5, 20, Infinity].map((ratio) => {
        if (rate === 0 && ratio < Infinity) return '–'.padStart(16)
        const canary = ratio === Infinity ? 1 : Math.min(1, rate * ratio)
        const all = summarize(runs, perSecond, plain({ baseline: rate, canary }))
        const back = all.filter(({ end }) => end === 'rolled back')
        const time = back.length === 0 ? '–' : span(median(back.map(({ second }) => second)))
        return `${time} (${percent(back.length / runs).trim()})`.padStart(16)
      })
      const time = span(median(healthy.map(({ second }) => second)))
      console.log(
        `  ${`${perSecond}/s, ${rate * 100} %`.padEnd(14)} ` +
          `${time} (${percent(promoted).trim()}, ${percent(proven).trim()})`.padEnd(30) +
          cells.join(' '),
      )
    }
}
