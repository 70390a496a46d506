import { expect, test } from 'vitest'
import { type Former, recordFor } from './record.ts'
import { armOf } from './served.ts'

const counts = { ...armOf([]), requests: 900, errors: 9 }
const hour = 3_600_000
const former: Former = {
  isProven: false,
  watch: { before: counts, record: null, started: hour },
  replaced: { release: 1, isProven: true },
}
const older = { release: 7, counts, at: 0 }

test('the record of a proven release that an unproven one replaced is kept', () => {
  expect(recordFor(former, 2 * hour)).toEqual({ release: 1, counts, at: hour })
})

test('the record goes along while each release replaces an unproven one', () => {
  const watch = { ...former.watch!, record: older }
  expect(recordFor({ ...former, watch }, hour)).toEqual(older)
  expect(recordFor({ ...former, watch, replaced: null }, hour)).toEqual(older)
})

test.each([
  ['the release before is proven', { isProven: true }],
  ['the release before was never watched', { watch: null }],
  ['it was the first one', { replaced: null }],
  ['the one before it is unproven, too', { replaced: { release: 1, isProven: false } }],
  ['the proven one served nothing', { watch: { ...former.watch!, before: null } }],
])('there is no record when %s', (_name, over) => {
  expect(recordFor({ ...former, ...over }, hour)).toBeNull()
})

test('a record is used for a day', () => {
  expect(recordFor(former, 25 * hour)).not.toBeNull()
  expect(recordFor(former, 25 * hour + 1)).toBeNull()
})
