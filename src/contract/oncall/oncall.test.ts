import { expect, test } from 'vitest'
import { hoursText, layer, readHours } from './oncall.ts'

test.each(['mon-fri 09:00-17:00', 'sat 00:00-00:00, sun 10:00-12:00', 'mon-sun 22:00-06:00'])(
  'the hours %s are read and written',
  (text) => expect(hoursText(readHours(text) ?? [])).toBe(text),
)

test('days can pass the end of the week', () => {
  expect(readHours('sat-mon 09:00-10:00')?.[0]?.days).toEqual([6, 7, 1])
})

test.each(['', 'mon', 'mon 9:00-10:00', 'mon-fry 09:00-10:00', 'mon 09:00-25:00'])(
  'the hours %j are refused',
  (text) => expect(readHours(text)).toBeNull(),
)

test('a date that does not exist is refused', () => {
  const start = '2026-02-30T09:00'
  expect(layer.safeParse({ people: ['Ada'], start }).error?.issues[0]?.message).toBe(
    'must be a date that exists',
  )
})
