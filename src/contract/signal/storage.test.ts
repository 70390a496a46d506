import { expect, test } from 'vitest'
import { isStorageFull, storageWords } from './storage.ts'

test('the words say what is used, the limit, and what happens there', () => {
  const budget = 2_000_000_000
  expect(storageWords({ series: 1204, bytes: 312_000_000, budget })).toEqual({
    used: '1,204 series take 312 of 2,000 MB (16 %)',
    limit: 'at the limit, FAIRLEAD_SIGNALS_MB, the oldest fine values are deleted first',
  })
  expect(storageWords({ series: 1, bytes: 900, budget }).used).toBe(
    '1 series takes less than 1 of 2,000 MB (0 %)',
  )
  const full = { series: 1204, bytes: 1_990_000_000, budget }
  expect(isStorageFull(full)).toBe(true)
  expect(storageWords(full).limit).toMatch(/^the limit is reached: .* are deleted early/)
})
