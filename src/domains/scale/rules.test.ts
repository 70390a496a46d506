import { expect, test } from 'vitest'
import { scaledInstances } from './rules.ts'

test('a person sets the number of a release whose file has the number that it replaces', () => {
  const scales = [{ service: 'web', declared: 2, instances: 8 }]
  expect(scaledInstances(scales, 'web', 2)).toBe(8)
  expect(scaledInstances(scales, 'web', 4)).toBe(4)
  expect(scaledInstances(scales, 'worker', 2)).toBe(2)
  expect(scaledInstances([], 'web', 2)).toBe(2)
})
