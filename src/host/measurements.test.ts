import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { createMeasurements } from './measurements.ts'

test('a reader that waits gets the next second as soon as it is there', async () => {
  const log = createMeasurements({
    ...{ run: 'one', folder: tmpdir(), takeTraffic: () => [], releases: () => [] },
    clock: { start: () => undefined, offset: () => undefined },
  })
  const numbers = async (after: number, waitMs: number): Promise<number[]> =>
    (await log.next(after, waitMs)).seconds.map(({ number }) => number)
  log.start()
  expect(await numbers(0, 0)).toEqual([])
  expect(await numbers(0, 1)).toEqual([])
  expect(await numbers(0, 60_000)).toEqual([1])
  expect(await numbers(0, 60_000)).toEqual([1])
  // Of another host, whose seconds had higher numbers.
  expect(await numbers(99, 60_000)).toEqual([])
})
