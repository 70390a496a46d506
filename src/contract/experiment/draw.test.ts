import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  commitmentOf,
  type Draw,
  drawAt,
  type ExperimentDraw,
  leastDays,
  problemOfDraw,
} from './draw.ts'

const hour = 3_600_000
const morning = { from: 9 * hour, until: 12 * hour }
const afternoon = { from: 13 * hour, until: 17 * hour }
const draw: Draw = {
  ...{ app: 'shop', environment: 'production', name: 'frozen-web', day: '2026-12-01' },
  ...{ seed: 'ab'.repeat(32), every: 3, gap: null, hours: [morning, afternoon] },
}

test('a commitment is the SHA-256 digest of the seed', async () => {
  // printf abc | sha256sum
  expect(await commitmentOf('abc')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('a time is within the hours of the day, after the least distance, and can be repeated', () =>
  fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^[0-9a-f]{64}$/),
      fc.integer({ min: 1, max: 60 }),
      fc.option(fc.integer({ min: 1, max: 60 })),
      async (seed, every, gap) => {
        const one = { ...draw, seed, every, gap }
        const at = await drawAt(one)
        expect(await drawAt(one)).toBe(at)
        if (at === null) return
        expect(one.hours.some(({ from, until }) => from <= at && at < until)).toBe(true)
        if (gap !== null) expect(gap).toBeGreaterThanOrEqual(leastDays(every))
      },
    ),
  ))

test.each([1, 2, 3, 5, 10])('the mean distance is the one that is asked for: %i', async (every) => {
  let gap: number | null = null
  let last = 0
  const distances: number[] = []
  const hours: number[] = []
  for (let day = 1; day <= 20_000; day += 1) {
    const seed = await commitmentOf(`seed ${day}`)
    const at: number | null = await drawAt({ ...draw, seed, every, gap, day: String(day) })
    if (at === null) {
      gap = gap === null ? null : gap + 1
      continue
    }
    hours.push(at / hour)
    if (gap !== null) distances.push(day - last)
    ;[last, gap] = [day, 1]
  }
  const mean = distances.reduce((sum, one) => sum + one, 0) / distances.length
  // Four standard errors of a geometric distance are less than 7 % here.
  expect(mean / every).toBeGreaterThan(0.93)
  expect(mean / every).toBeLessThan(1.07)
  expect(Math.min(...distances)).toBe(leastDays(every))
  // Uniform over the seven hours: three of them are before noon.
  const early = hours.filter((one) => one < 12).length / hours.length
  expect(Math.abs(early - 3 / 7)).toBeLessThan(0.05)
})

test('a verification finds a seed, a time or a distance that was changed afterwards', async () => {
  const all: ExperimentDraw[] = []
  let gap: number | null = null
  for (let day = 1; day <= 30; day += 1) {
    const seed = await commitmentOf(`seed ${day}`)
    const one = { ...draw, seed, gap, day: `2026-12-${String(day).padStart(2, '0')}` }
    const at = await drawAt(one)
    all.push({
      ...{ ...one, commitment: await commitmentOf(seed), isDrawn: true, run: null, problem: null },
      at: at === null ? null : new Date(at).toISOString(),
    })
    gap = at === null ? (gap === null ? null : gap + 1) : 1
  }
  const problems = async (some: ExperimentDraw[]) =>
    (await Promise.all(some.map((one) => problemOfDraw(one, some)))).filter((one) => one !== null)
  expect(await problems(all)).toEqual([])
  const hit = all.findIndex(({ at }) => at !== null)
  const change = (index: number, more: Partial<ExperimentDraw>) =>
    all.map((one, i) => (i === index ? { ...one, ...more } : one))
  expect(await problems(change(hit, { seed: 'cd'.repeat(32) }))).toEqual([
    'the seed is not the one that was promised',
  ])
  const other = await problems(change(hit, { at: '2026-12-24T10:00:00.000Z' }))
  expect(other[0]).toContain('the seed gives 1970-01-01T')
  expect(await problems(change(hit + 1, { gap: 7 }))).toEqual([
    'the last run was 1 working days before, and not 7',
  ])
  expect(await problems([{ ...all[hit]!, seed: null }])).toEqual([])
})
