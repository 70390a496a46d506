import type { HostReleaseStatus } from '#contract/host/release.ts'
import type { HostSecond, Measurements, TrafficSecond } from '#contract/host/measurements.ts'
import type { Clock } from './clock.ts'
import { createUsage } from './usage.ts'

export interface MeasurementOptions {
  /** names this host process */
  run: string
  /** on the disk that is measured */
  folder: string
  /** the requests that ended since the last call */
  takeTraffic(): TrafficSecond[]
  releases(): HostReleaseStatus[]
  clock: Clock
}

/** The last seconds of this host, for servers that read them at their own pace. */
export interface MeasurementLog {
  start(): void
  after(number: number): Measurements
}

/** A server that was away for this long misses nothing. */
const keptSeconds = 900
/** Seconds between two samples of usage. */
const usageEvery = 10

export function createMeasurements(options: MeasurementOptions): MeasurementLog {
  const { run, folder, takeTraffic, releases, clock } = options
  const seconds: HostSecond[] = []
  const sampleUsage = createUsage(folder)
  let next = 0
  const tick = (): void => {
    const second: HostSecond = { number: (next += 1), at: Date.now(), traffic: takeTraffic() }
    if (next % usageEvery === 1) {
      const { machine, instances } = sampleUsage(releases(), performance.now())
      second.usage = { machine: { ...machine, clockOffset: clock.offset() }, instances }
    }
    seconds.push(second)
    if (seconds.length > keptSeconds) seconds.shift()
  }
  return {
    start: () => {
      clock.start()
      setInterval(tick, 1000).unref()
    },
    after: (number) => ({ run, next, seconds: seconds.filter((one) => one.number > number) }),
  }
}
