import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReply } from '../src/redis.js'

test('replies are read whole, however they arrive', () => {
  const text = '*3\r\n$5\r\nh\r\nle\r\n:42\r\n$-1\r\n'
  for (let length = 0; length < text.length; length += 1) assert.equal(parseReply(Buffer.from(text.slice(0, length)), 0), null)
  assert.deepEqual(parseReply(Buffer.from(text), 0), { value: ['h\r\nle', 42, null], end: text.length })
  assert.match(parseReply(Buffer.from('-READONLY no\r\n'), 0).value.message, /READONLY/)
  assert.equal(parseReply(Buffer.from('+OK\r\n'), 0).value, 'OK')
  assert.match(parseReply(Buffer.from('HTTP/1.1 400\r\n'), 0).value.message, /not Redis/)
})
