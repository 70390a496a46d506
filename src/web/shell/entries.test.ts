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

test('an exact number comes first, also before an app of that name', () => {
  const named = { kind: 'app', text: '1-shop', detail: '' }
  const all = [
    { ...named, id: 'app' },
    { id: '112', kind: 'run', text: '112 shop: Begin', detail: '' },
    { id: '11', kind: 'run', text: '11 shop: Go on', detail: '' },
  ]
  expect(findEntries(all, '11').map(({ id }) => id)).toEqual(['11', '112'])
  expect(findEntries(all, '#11')[0]?.id).toBe('11')
})
