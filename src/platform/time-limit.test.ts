import { expect, test } from 'vitest'
import { withTimeLimit } from './time-limit.ts'

test('ends a regular expression that takes too long, and passes results and errors on', () => {
  const slow = new RegExp('^(a+)+$')
  expect(() => withTimeLimit(50, 'the check', () => slow.test(`${'a'.repeat(60)}!`))).toThrow(
    'the check takes longer than 0.05 s',
  )
  expect(withTimeLimit(50, 'the check', () => 7)).toBe(7)
  expect(() =>
    withTimeLimit(50, 'the check', () => {
      throw new TypeError('is broken')
    }),
  ).toThrow(TypeError)
})
