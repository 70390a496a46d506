import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addMemory, type Memory } from './memory.ts'

const megabyte = 1_048_576
const use = (used: number, index = 0) => ({
  ...{ service: 'web', index, used: used * megabyte, limit: 512 * megabyte },
})

/** What is said after the instances were seen, ten seconds apart. */
const after = (seen: (number[] | null)[]): Memory =>
  seen.reduce<Memory | undefined>(
    (before, one, i) => addMemory(before, one?.map((used, n) => use(used, n)) ?? null, i * 10_000),
    undefined,
  )!

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

test('a service is degraded when an instance had almost no memory left for a minute', () => {
  expect(after([[100]])).toMatchObject({ said: 'up', reason: '' })
  expect(after([[100], ...times(6, [100, 490])]).said).toBe('up')
  expect(after([[100], ...times(7, [100, 490])])).toMatchObject({
    said: 'degraded',
    reason: 'web.1 uses 490 of 512 MB; beyond, it is killed',
  })
  // A peak, and an instance that was killed and starts again.
  expect(after([[100], ...times(6, [490]), [100], ...times(6, [490])]).said).toBe('up')
})

test('it is up again when less is used for a minute, and unknown without an answer', () => {
  const little = [[100], ...times(7, [490])]
  expect(after([...little, ...times(20, [470])]).said).toBe('degraded')
  expect(after([...little, ...times(6, [400])]).said).toBe('degraded')
  expect(after([...little, ...times(7, [400])]).said).toBe('up')
  expect(after([...little, ...times(7, null)]).said).toBe('unknown')
})

test('what never uses 95 % of its limit is never degraded', () => {
  const seen = fc.array(
    fc.array(fc.integer({ min: 1, max: 486 }), { minLength: 1, maxLength: 3 }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  fc.assert(fc.property(seen, (all) => after(all).said === 'up'))
})
