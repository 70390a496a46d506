import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HostSecond } from '#contract/host/measurements.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { blockSize, blockStart, decodeBlock, encodeBlock, placeIn, rollUp } from './block.ts'
import { readSeries, stepFor } from './read.ts'
import { addRequestCounts } from './request-count.ts'
import { completeSeconds, samplesOf } from './samples.ts'
import { deleteOld, type Position, setPosition, storageUsed } from './store.ts'
import { addSamples } from './write.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 10, 29, 10)

const machine = { cpu: 0.5, load: 1, memory: 10, memoryTotal: 20, disk: 30, diskTotal: 40 }
const second = (number: number, errors = 0): HostSecond => ({
  ...{ number, at: start + number * 1000 },
  traffic: [
    {
      ...{ app: 'shop', environment: 'production', release: 3, service: 'web' },
      ...{ outcomes: { '2xx': 4 - errors, ...(errors > 0 ? { '5xx': errors } : {}) }, bytes: 40 },
      latency: { requests: 4, sum: 4, squares: 4, buckets: { 6: 4 } },
    },
  ],
  usage: { machine, instances: [] },
})

describe('a block', () => {
  test('keeps its values, with unknown ones', () => {
    const value = fc.oneof(fc.constant(NaN), fc.float({ noNaN: true, noDefaultInfinity: true }))
    fc.assert(
      fc.property(fc.array(value, { minLength: blockSize, maxLength: blockSize }), (values) => {
        expect([...decodeBlock(encodeBlock(Float32Array.from(values)))]).toEqual(values)
      }),
      { numRuns: 30 },
    )
  })

  test('begins at a multiple of its length', () => {
    expect(blockStart(start + 5, 10)).toBe(start)
    expect(placeIn(start + 25_000, 10)).toBe(2)
    expect(placeIn(start + hour - 1, 10)).toBe(359)
  })

  test.each([
    ['count', 4, [2, NaN, 2, NaN], 1],
    ['mean', 4, [2, NaN, 4, NaN], 3],
    ['most', 4, [2, NaN, 4, NaN], 4],
    ['mean', 4, [NaN, NaN], NaN],
  ] as const)('%s of %i values', (kind, measured, values, expected) => {
    expect(rollUp(values, kind, measured)).toBe(expected)
  })
})

test('a bucket is complete when a later one has begun', () => {
  const seconds = [7, 8, 9, 10, 11].map((number) => second(number))
  expect(completeSeconds(seconds).map(({ number }) => number)).toEqual([7, 8, 9])
  expect(completeSeconds([])).toEqual([])
})

test('samples are rates per second, and quantiles', () => {
  const samples = samplesOf([second(0), second(1, 2)])
  const valueOf = (name: string) => samples.find((one) => one.name === name)?.value
  expect([valueOf('requests'), valueOf('errors'), valueOf('machine-load')]).toEqual([4, 1, 1])
  expect(valueOf('latency-p50')).toBeCloseTo(1.7, 1)
  expect(valueOf('client-errors')).toBeUndefined()
})

test('the step fits the period and is still kept', () => {
  const day = 24 * hour
  const stepOf = (age: number, length: number) =>
    stepFor({ from: start - age, until: start - age + length }, start)
  expect([
    stepOf(hour, hour),
    stepOf(day, day),
    stepOf(5 * day, hour),
    stepOf(90 * day, day),
  ]).toEqual([10, 60, 60, 3600])
})

test('values are stored in blocks, also coarser ones, and read again', async () => {
  const { db, close } = await testDatabase()
  try {
    await db.query(
      sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    )
    // Two batches, as two runs of the job write them; one bucket in between counted nothing.
    const seconds = Array.from({ length: 60 }, (_, i) => second(i))
    const idle = (one: HostSecond) => ({ ...one, traffic: [] })
    for (const mine of [
      seconds.slice(0, 30),
      [...seconds.slice(30, 40).map(idle), ...seconds.slice(40)],
    ])
      await db.batch(await addSamples(db, samplesOf(mine)))
    const read = (until: number, now: number) =>
      readSeries(db, { app: 'shop', names: ['requests'] }, { from: start, until }, now)
    const fine = await read(start + 70_000, start + 70_000)
    expect(fine).toMatchObject({ from: start, step: 10 })
    expect(fine.series).toMatchObject([{ release: 3, values: [4, 4, 4, 0, 4, 4, null] }])
    const coarse = await read(start + 60_000, start + 3 * 24 * hour)
    expect(coarse.step).toBe(60)
    expect(coarse.series[0]?.values[0]).toBeCloseTo(10 / 3, 3)
    const used = await storageUsed(db)
    expect(used.series).toBeGreaterThan(5)
    // A replica that was overtaken counts nothing twice.
    const all = sql`select sum(requests)::int as n from request_count`
    const end = { run: 'a', next: 60 }
    const count = async (before: Position | null) =>
      db.batch([...(await addRequestCounts(db, seconds)), setPosition('local', end, before)])
    await count(null)
    const [once] = await db.query<{ n: number }>(all)
    expect(once?.n).toBeGreaterThan(0)
    await expect(count(null)).rejects.toThrow('null value')
    await expect(count({ run: 'a', next: 59 })).rejects.toThrow('null value')
    expect(await db.query(all)).toEqual([once])
    await count(end)
    expect(await db.query(all)).toEqual([{ n: 2 * (once?.n ?? 0) }])
    // The budget removes fine values first.
    await db.batch(deleteOld([], 1))
    expect(await storageUsed(db)).toMatchObject({ series: 0, bytes: 0 })
  } finally {
    await close()
  }
})
