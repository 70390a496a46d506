import {
  countOutcomes,
  type HostSecond,
  type Latency,
  latencyBounds,
  type TrafficSecond,
} from '#contract/host/measurements.ts'

/** What objectives are about: requests of one service or all, and when one of them is bad. */
export interface Indicator {
  app: string
  environment: string
  service: string | null
  /** milliseconds; null when only failed requests are bad */
  below: number | null
}

/** Names an indicator in its environment. */
export const indicatorText = ({ service, below }: Pick<Indicator, 'service' | 'below'>): string =>
  `${service ?? '*'}/${below === null ? 'availability' : `latency ${below}`}`

/** Counts of the minute that begins at `at`, in milliseconds. */
export interface MinuteCounts extends Indicator {
  at: number
  requests: number
  bad: number
}

const minuteMs = 60_000

/** The counts of the indicators in the seconds. Pure. */
export function countSeconds(indicators: Indicator[], seconds: HostSecond[]): MinuteCounts[] {
  const found = new Map<string, MinuteCounts>()
  for (const second of seconds) {
    const at = Math.floor(second.at / minuteMs) * minuteMs
    for (const row of second.traffic)
      for (const one of indicators) {
        if (!isOf(one, row)) continue
        const { requests, bad } = countsOf(one, row)
        if (requests === 0) continue
        const key = `${one.app}/${one.environment}/${indicatorText(one)}/${at}`
        const sum = found.get(key) ?? { ...one, at, requests: 0, bad: 0 }
        sum.requests += requests
        sum.bad += bad
        found.set(key, sum)
      }
  }
  return [...found.values()]
}

const isOf = (one: Indicator, row: TrafficSecond): boolean =>
  one.app === row.app &&
  one.environment === row.environment &&
  (one.service === null || one.service === row.service)

function countsOf({ below }: Indicator, row: TrafficSecond): { requests: number; bad: number } {
  if (below !== null) return { requests: row.latency.requests, bad: slower(row.latency, below) }
  const { requests, errors } = countOutcomes(row.outcomes)
  return { requests, bad: errors }
}

/** How many requests took longer; interpolated within the bucket that contains the bound. */
function slower({ buckets }: Latency, below: number): number {
  return Object.entries(buckets).reduce((sum, [index, count]) => {
    const i = Number(index)
    const low = i === 0 ? 0 : (latencyBounds[i - 1] ?? Infinity)
    const high = latencyBounds[i] ?? 2 * (latencyBounds.at(-1) ?? 0)
    const share = Math.min(1, Math.max(0, (high - below) / (high - low)))
    return sum + count * share
  }, 0)
}
