import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Context } from './context.ts'
import { confirm, decode, withoutLineEnd } from './prompt.ts'

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

test.each([
  ['\n', true],
  ['y\n', true],
  ['Yes\n', true],
  ['n\n', false],
  ['maybe\n', false],
])('the answer %j to a question means %j', async (typed, answer) => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  const asked: string[] = []
  const stderr = { write: (text: string) => asked.push(text) }
  stdin.write(typed)
  expect(
    await confirm({ stdin, stderr, isJson: () => false } as unknown as Context, 'Go on?'),
  ).toBe(answer)
  expect(asked).toEqual(['Go on? [Y/n] '])
})

test('a value that is not text in UTF-8 is refused instead of changed', () => {
  expect(decode(Buffer.from('é\n'), 'file')).toBe('é\n')
  expect(() => decode(Buffer.from([0xff, 0xfe]), 'key.der')).toThrow(
    'key.der: is not text in UTF-8',
  )
})

test('without a terminal nothing is asked, and the answer is no', async () => {
  const stdin = new PassThrough()
  expect(await confirm({ stdin } as unknown as Context, 'Go on?')).toBe(false)
})
