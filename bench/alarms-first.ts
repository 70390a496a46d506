import { RateScan } from '#domains/detection/scan.ts'
import { Stream } from '../test/support/simulated-stream.ts'
import { quantile } from './measure.ts'

const runs = 200
/** Streams that share the budget: three for each of ten services. */
const streams = 30

const newScan = (): RateScan => {
  const scan = new RateScan()
  scan.streams = streams
  return scan
}

/** Seconds from harm, which begins at an age in seconds, to the alarm; Infinity after an hour. */
function delayOf(seed: number, load: number, age: number, share: number): number {
  const stream = new Stream({ seed, load, rate: 0.001 })
  const scan = newScan()
  const add = (rate?: number): boolean => {
    const { trials, events } = stream.next(rate === undefined ? undefined : { rate })
    return scan.add(trials, events) !== null
  }
  for (let second = 0; second < age; second += 1) add()
  for (let second = 1; second <= 3600; second += 1) if (add(share)) return second
  return Infinity
}

const healthy: [string, { rate: number; wander?: number; bursts?: number }][] = [
  ['0.1 %', { rate: 0.001 }],
  ['1 %', { rate: 0.01 }],
  ['5 %', { rate: 0.05 }],
  ['1 %, wanders by 80 %', { rate: 0.01, wander: 0.8 }],
  ['0.1 %, 100 bursts an hour', { rate: 0.001, bursts: 2400 }],
]

/** Alarms in the first two minutes of healthy streams: how many of them have one. */
function falseAlarms(load: number, options: (typeof healthy)[number][1]): number {
  const seeds = Array.from({ length: 10 * runs }, (_, i) => i)
  return seeds.filter((seed) => {
    const stream = new Stream({ seed, load, ...options })
    const scan = newScan()
    return Array.from({ length: 120 }, () => stream.next()).some(
      ({ trials, events }) => scan.add(trials, events) !== null,
    )
  }).length
}

/** Harm that begins in the first minute of a stream, and what finding it costs. */
export function firstMinute(): void {
  console.log(`seconds to the alarm of ${runs} streams that are as old as stated, median and 90 %`)
  for (const load of [50, 5, 1])
    for (const age of [0, 13, 50])
      for (const share of [1, 0.5, 0.25]) {
        const all = Array.from({ length: runs }, (_, seed) => delayOf(seed, load, age, share))
        console.log(
          `  ${load}/s, ${age} s, ${share * 100} %: ${quantile(all, 0.5)} / ${quantile(all, 0.9)}`,
        )
      }
  console.log(`of ${10 * runs} healthy streams, those with an alarm in the first two minutes`)
  for (const load of [500, 50, 5])
    for (const [name, options] of healthy)
      console.log(`  ${load}/s, ${name}: ${falseAlarms(load, options)}`)
}
