import { resolutions, type SignalName, signals } from '#contract/signal/signal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { blockStart, decodeBlock, emptyBlock, encodeBlock, placeIn, rollUp } from './block.ts'
import { keyText, type Sample } from './samples.ts'
import { readBlocks, seriesIds, type StoredBlock, writeBlocks } from './store.ts'

const fine = resolutions[0].step

/** The statements that add samples to their blocks, and to the blocks of the coarser steps. */
export async function addSamples(db: Database, samples: Sample[]): Promise<Statement[]> {
  const ids = await seriesIds(db, [
    ...new Map(samples.map((one) => [keyText(one), keyOf(one)])).values(),
  ])
  const known = samples.flatMap((one) => {
    const signal = ids.get(keyText(one))
    return signal === undefined ? [] : [{ ...one, signal, isMetric: one.labels !== null }]
  })
  const written: StoredBlock[] = []
  let points: Point[] = known
  let finer = 0
  for (const { step } of resolutions) {
    const changed = step === fine ? points : await coarser(db, points, finer, step, written)
    written.push(...(await merged(db, changed, step)))
    points = changed
    finer = step
  }
  return writeBlocks(written)
}

interface Point {
  signal: number
  name: string
  isMetric: boolean
  at: number
  value: number
}

const keyOf = ({ at: _at, value: _value, ...key }: Sample) => key

/** The blocks of one step with the points in them. */
async function merged(db: Database, points: Point[], step: number): Promise<StoredBlock[]> {
  const signals = [...new Set(points.map(({ signal }) => signal))]
  const starts = [...new Set(points.map(({ at }) => blockStart(at, step)))]
  const stored = await readBlocks(db, { signals, step, starts })
  const blocks = new Map(
    stored.map((one) => [`${one.signal}/${Date.parse(one.start)}`, decodeBlock(one.values)]),
  )
  const changed = new Map<string, { signal: number; start: number; values: Float32Array }>()
  for (const { signal, at, value } of points) {
    const start = blockStart(at, step)
    const key = `${signal}/${start}`
    const values = blocks.get(key) ?? emptyBlock()
    blocks.set(key, values)
    values[placeIn(at, step)] = value
    changed.set(key, { signal, start, values })
  }
  return [...changed.values()].map(({ signal, start, values }) => ({
    ...{ signal, step, start: new Date(start).toISOString() },
    values: encodeBlock(values),
  }))
}

/** The values of a coarser step that the points belong to, from the blocks of the finer one. */
async function coarser(
  db: Database,
  points: Point[],
  finer: number,
  step: number,
  written: StoredBlock[],
): Promise<Point[]> {
  const width = step * 1000
  const wanted = new Map(
    points.map((one) => {
      const at = Math.floor(one.at / width) * width
      return [`${one.signal}/${at}`, { ...one, at }] as const
    }),
  )
  const starts = [...new Set([...wanted.values()].map(({ at }) => blockStart(at, finer)))]
  const ids = [...new Set([...wanted.values()].map(({ signal }) => signal))]
  const blocks = new Map<string, Float32Array>()
  for (const one of [...(await readBlocks(db, { signals: ids, step: finer, starts })), ...written])
    if (one.step === finer)
      blocks.set(`${one.signal}/${Date.parse(one.start)}`, decodeBlock(one.values))
  const count = step / finer
  const valuesOf = ({ signal, at }: Point): Float32Array => {
    const from = placeIn(at, finer)
    return (blocks.get(`${signal}/${blockStart(at, finer)}`) ?? emptyBlock()).subarray(
      from,
      from + count,
    )
  }
  const measured = measuredAt([...wanted.values()], valuesOf)
  return [...wanted.values()].map((one) => ({
    ...one,
    value: rollUp(valuesOf(one), kindOf(one.name, one.isMetric), measured.get(one.at) ?? 0),
  }))
}

/** How many of the finer values the machine has, which is measured whenever the host is read. */
function measuredAt(
  points: Point[],
  valuesOf: (point: Point) => Float32Array,
): Map<number, number> {
  return new Map(
    points
      .filter(({ name, isMetric }) => name === 'machine-load' && !isMetric)
      .map((one) => [one.at, valuesOf(one).filter((value) => !Number.isNaN(value)).length]),
  )
}

/** A metric of an app is a mean: it names a value of zero itself. */
const kindOf = (name: string, isMetric: boolean): 'count' | 'most' | 'mean' => {
  if (isMetric) return 'mean'
  if (signals[name as SignalName].isCount) return 'count'
  return name === 'latency-p99' || name === 'restarts' ? 'most' : 'mean'
}
