import { expect, test } from 'vitest'
import { withoutLineEnd } from './prompt.ts'

test.each([
  ['value\n', 'value'],
  ['value\r\n', 'value'],
  ['value', 'value'],
  ['value\n\n', 'value\n\n'],
  ['-----BEGIN-----\nabc\n-----END-----\n', '-----BEGIN-----\nabc\n-----END-----\n'],
  ['\n', ''],
])('the line end of %j is removed only from a single line', (text, value) => {
  expect(withoutLineEnd(text)).toBe(value)
})
