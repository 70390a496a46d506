import {
  type Metric,
  resolutions,
  type Series,
  type SignalName,
  signals,
} from '#contract/signal/signal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { blockSize, blockStart, decodeBlock, placeIn } from './block.ts'
import { labelsOf } from './metrics.ts'
import { listSeries, readBlocks, type SeriesFilter } from './store.ts'

/** More values than this are not useful on a screen. */
const mostValues = 1500

export interface Period {
  /** milliseconds */
  from: number
  until: number
}

/** The finest step, in seconds, that is still kept for the period and not too fine for it. */
export function stepFor({ from, until }: Period, now: number): number {
  const found = resolutions.find(
    ({ step, days }) =>
      (until - from) / 1000 / step <= mostValues && now - from <= days * 86_400_000,
  )
  return (found ?? resolutions[2]).step
}

export interface ReadSeries {
  from: number
  step: number
  series: Series[]
}

/** Reads signals; those without a value in the period are left out. */
export async function readSeries(
  db: Database,
  filter: SeriesFilter,
  period: Period,
  now: number,
): Promise<ReadSeries> {
  const [found, machine] = await Promise.all([
    listSeries(db, filter),
    listSeries(db, { app: null, names: ['machine-load'] }),
  ])
  const { from, step, valuesOf } = await readValues(db, [...found, ...machine], period, now)
  const measured = machine[0] ? valuesOf(machine[0].id) : null
  return {
    ...{ from, step },
    series: found.flatMap(({ id, app: _app, labels: _labels, ...key }) => {
      const values = valuesOf(id)
      if (values === null) return []
      const name = key.name as SignalName
      const { unit, isCount } = signals[name]
      return [{ ...key, name, unit, values: shown(values, isCount ? measured : null) }]
    }),
  }
}

export interface ReadMetrics {
  from: number
  step: number
  series: Metric[]
}

/**
 * Reads a metric of an app with all of the labels that are given; series without a value in the
 * period are left out.
 */
export async function readMetrics(
  db: Database,
  filter: { app: string; environment?: string | undefined; service?: string | undefined },
  { name, labels }: { name: string; labels: Record<string, string> },
  period: Period,
  now: number,
): Promise<ReadMetrics> {
  const all = await listSeries(db, { ...filter, names: [name], isMetric: true })
  const found = all
    .map((one) => ({ ...one, labels: labelsOf(one.labels ?? '') }))
    .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
  const { from, step, valuesOf } = await readValues(db, found, period, now)
  return {
    ...{ from, step },
    series: found.flatMap(({ id, app: _app, release: _release, ...key }) => {
      const values = valuesOf(id)
      return values === null ? [] : [{ ...key, values: shown(values, null) }]
    }),
  }
}

/** The values of series in a period; of one without any, null. */
async function readValues(
  db: Database,
  all: { id: number }[],
  period: Period,
  now: number,
): Promise<{ from: number; step: number; valuesOf(id: number): Float32Array | null }> {
  const step = stepFor(period, now)
  const width = step * 1000
  const from = Math.floor(period.from / width) * width
  const count = Math.max(1, Math.ceil((period.until - from) / width))
  const starts: number[] = []
  for (let at = blockStart(from, step); at < period.until; at += blockSize * width) starts.push(at)
  const ids = [...new Set(all.map(({ id }) => id))]
  const blocks = Map.groupBy(
    await readBlocks(db, { signals: ids, step, starts }),
    ({ signal }) => signal,
  )
  const valuesOf = (id: number): Float32Array | null => {
    const mine = blocks.get(id)
    if (!mine) return null
    const values = new Float32Array(count).fill(NaN)
    for (const one of mine) {
      const start = Date.parse(one.start)
      const decoded = decodeBlock(one.values)
      const skip = start < from ? placeIn(from, step) : 0
      const at = Math.max(0, Math.round((start - from) / width))
      values.set(decoded.subarray(skip, Math.min(blockSize, skip + count - at)), at)
    }
    return values.every(Number.isNaN) ? null : values
  }
  return { from, step, valuesOf }
}

/** Null is unknown. A count that is missing while the machine was measured is zero. */
const shown = (values: Float32Array, measured: Float32Array | null): (number | null)[] =>
  Array.from(values, (value, i) => {
    if (!Number.isNaN(value)) return Number(value.toPrecision(5))
    return measured && !Number.isNaN(measured[i]) ? 0 : null
  })
