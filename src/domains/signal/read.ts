import { resolutions, type Series, signals } from '#contract/signal/signal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { blockSize, blockStart, decodeBlock, placeIn } from './block.ts'
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

/** Reads series; those without a value in the period are left out. */
export async function readSeries(
  db: Database,
  filter: SeriesFilter,
  period: Period,
  now: number,
): Promise<ReadSeries> {
  const step = stepFor(period, now)
  const width = step * 1000
  const from = Math.floor(period.from / width) * width
  const count = Math.max(1, Math.ceil((period.until - from) / width))
  const [found, machine] = await Promise.all([
    listSeries(db, filter),
    listSeries(db, { app: null, names: ['machine-load'] }),
  ])
  const starts: number[] = []
  for (let at = blockStart(from, step); at < period.until; at += blockSize * width) starts.push(at)
  const ids = [...new Set([...found, ...machine].map(({ id }) => id))]
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
  const measured = machine[0] ? valuesOf(machine[0].id) : null
  return {
    ...{ from, step },
    series: found.flatMap(({ id, app: _app, ...key }) => {
      const values = valuesOf(id)
      if (values === null) return []
      const { unit, isCount } = signals[key.name]
      return [{ ...key, unit, values: shown(values, isCount ? measured : null) }]
    }),
  }
}

/** Null is unknown. A count that is missing while the machine was measured is zero. */
const shown = (values: Float32Array, measured: Float32Array | null): (number | null)[] =>
  Array.from(values, (value, i) => {
    if (!Number.isNaN(value)) return Number(value.toPrecision(5))
    return measured && !Number.isNaN(measured[i]) ? 0 : null
  })
