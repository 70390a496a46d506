import { type SignalName, signalNames, signals } from '#contract/signal/signal.ts'
import { getBeats } from '#domains/monitor/heartbeat-store.ts'
import type { CheckedMonitor } from '#domains/monitor/judge.ts'
import { type Period, readMetrics, readSeries } from '#domains/signal/read.ts'
import type { Measured, ServerIo } from '#platform/monitor/monitor-kind.ts'
import { parseSelector } from '#platform/net/exposition.ts'
import { queryPrometheus } from '#platform/net/prometheus.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface ServerCheckParts {
  db: Database
  /** milliseconds since 1970 */
  now(): number
  /** to addresses that users choose */
  fetch: typeof fetch
}

/** The newest measurements are not complete yet. */
const lagMs = 20_000

/** What the checks of a monitor on the server may use. */
export const serverIo = (
  { db, now, fetch }: ServerCheckParts,
  monitor: CheckedMonitor,
  signal: AbortSignal,
): ServerIo => ({
  signal,
  now,
  measured: (selector, seconds) => measured({ db, now }, monitor, selector, seconds),
  query: (url, query) => queryPrometheus(url, query, fetch),
  beats: () => getBeats(db, monitor),
})

/**
 * A signal of the service over its releases and instances: the sum of counts, else the highest; or
 * a metric of the app.
 */
async function measured(
  { db, now }: Pick<ServerCheckParts, 'db' | 'now'>,
  { app, environment, service }: CheckedMonitor,
  selector: string,
  seconds: number,
): Promise<Measured[]> {
  const until = now() - lagMs
  const period = { from: until - seconds * 1000, until }
  const place = { app, environment, ...(service === null ? {} : { service }) }
  const name = signalNames.find((one) => one === selector)
  if (name === undefined) return metricsBy(db, place, selector, period, now())
  const { series } = await readSeries(db, { ...place, names: [name] }, period, now())
  return series.length === 0 ? [] : [{ labels: {}, values: combined(name, series) }]
}

/** The series of a metric that the app exposes, or with `sum(…)` the sum of all of them. */
async function metricsBy(
  db: Database,
  place: { app: string; environment: string; service?: string },
  selector: string,
  period: Period,
  now: number,
): Promise<Measured[]> {
  const isSum = selector.startsWith('sum(') && selector.endsWith(')')
  const { name, labels } = parseSelector(isSum ? selector.slice(4, -1) : selector)
  if (labels === null) return []
  const { series } = await readMetrics(db, place, { name, labels }, period, now)
  if (!isSum || series.length === 0)
    return series.map(({ labels: own, instance, values }) => ({
      labels: { ...own, ...(instance === null ? {} : { instance: String(instance) }) },
      values,
    }))
  const values = series[0]!.values.map((_, i) => {
    const known = series.flatMap((one) => one.values[i] ?? [])
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
  })
  return [{ labels: {}, values }]
}

function combined(name: SignalName, series: { values: (number | null)[] }[]): (number | null)[] {
  const length = Math.max(...series.map(({ values }) => values.length))
  return Array.from({ length }, (_, i) => {
    const values = series.flatMap(({ values: all }) => all[i] ?? [])
    if (values.length === 0) return null
    return signals[name].isCount || name === 'cpu' || name === 'memory'
      ? values.reduce((sum, value) => sum + value, 0)
      : Math.max(...values)
  })
}
