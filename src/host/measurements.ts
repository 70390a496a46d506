import { once } from 'node:events'
import type { HostReleaseStatus } from '#contract/host/release.ts'
import type { HostSecond, Measurements, TrafficSecond } from '#contract/host/measurements.ts'
import type { Clock } from './clock.ts'
import { KeptSeconds } from './kept-seconds.ts'
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
  /** the same; without a second after `number`, waits up to `waitMs` for the next one */
  next(number: number, waitMs: number): Promise<Measurements>
}

/** A server that was away for 900 s misses nothing but the oldest names of routes and tenants. */
const kept = { most: 900, names: 100_000 }
/** Seconds between two samples of usage. */
const usageEvery = 10

export function createMeasurements(options: MeasurementOptions): MeasurementLog {
  const { run, folder, takeTraffic, releases, clock } = options
  const seconds = new KeptSeconds(kept)
  const sampleUsage = createUsage(folder)
  let next = 0
  const ticked = new EventTarget()
  const tick = (): void => {
    const second: HostSecond = { number: (next += 1), at: Date.now(), traffic: takeTraffic() }
    if (next % usageEvery === 1) {
      const { machine, instances } = sampleUsage(releases(), performance.now())
      second.usage = { machine: { ...machine, clockOffset: clock.offset() }, instances }
    }
    seconds.add(second)
    ticked.dispatchEvent(new Event('second'))
  }
  const after = (number: number): Measurements => ({ run, next, seconds: seconds.after(number) })
  return {
    start: () => {
      clock.start()
      setInterval(tick, 1000).unref()
    },
    after,
    next: async (number, waitMs) => {
      if (number === next && waitMs > 0)
        await once(ticked, 'second', { signal: AbortSignal.timeout(waitMs) }).catch(ignoreTimeout)
      return after(number)
    },
  }
}

function ignoreTimeout(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error
}
