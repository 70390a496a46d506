import { expect, test } from 'vitest'
import { noOutput, withPage } from './output.ts'

test('the page holds the last lines, and counts those before', () => {
  const first = withPage(noOutput, { lines: ['a', 'b'], skipped: 7 }, 3)
  expect(first).toMatchObject({ lines: ['a', 'b'], left: 0, deleted: 7 })
  const second = withPage(first, { lines: ['c', 'd'], skipped: 0 }, 3)
  expect(second).toMatchObject({ lines: ['b', 'c', 'd'], left: 1, deleted: 7 })
})
