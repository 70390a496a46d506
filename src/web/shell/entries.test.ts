import { expect, test } from 'vitest'
import { findEntries } from './entries.ts'

const entries = [
  { id: '1', kind: 'app', text: 'prepaid', detail: '' },
  { id: '2', kind: 'environment', text: 'prepaid production', detail: 'Healthy' },
  { id: '3', kind: 'run', text: '12 prepaid: Fix the rounding', detail: 'abc1234 Succeeded' },
]
const found = (text: string): string[] => findEntries(entries, text).map((entry) => entry.id)

test('an entry matches when it contains all words in any order', () => {
  expect(found('prod prep')).toEqual(['2'])
  expect(found('rounding prepaid')).toEqual(['3'])
  expect(found('nowhere')).toEqual([])
})

test('entries that start with the text come first, and apps before runs', () => {
  expect(found('prepaid')).toEqual(['1', '2', '3'])
  expect(found('12')).toEqual(['3'])
  expect(found('abc1234')).toEqual(['3'])
})
