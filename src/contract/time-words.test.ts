import { expect, test } from 'vitest'
import { agoWords, dayWords, durationWords, forWords, shortDayWords } from './time-words.ts'

test.each([
  [0, '0.0 s'],
  [1234, '1.2 s'],
  [59_999, '59 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%i ms is %s', (ms, words) => expect(durationWords(ms)).toBe(words))

test('a duration that counts up has no fractions', () => {
  expect(durationWords(1234, true)).toBe('1 s')
})

test.each([
  [1000, 'just now'],
  [59_000, '59 s ago'],
  [3_599_000, '59 min ago'],
  [90_000_000, '1 d ago'],
])('%i ms before now is %s', (ms, words) => expect(agoWords(ms)).toBe(words))

test.each([
  [-5, 'for 1 s'],
  [61_000, 'for 1 min'],
  [7_200_000, 'for 2 h'],
])('what began %i ms before now has lasted %s', (ms, words) => expect(forWords(ms)).toBe(words))

test('a date is in English, whatever the locale of the machine', () => {
  expect([dayWords('2026-11-28T12:00:00Z'), shortDayWords('2026-11-28T12:00:00Z')]).toEqual([
    'Saturday, 28 November 2026',
    '28 Nov 2026',
  ])
})
