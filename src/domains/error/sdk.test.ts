import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnvelopeProblem, readEnvelope } from './envelope.ts'
import { EventRate, rateLimits } from './rate.ts'
import { readSdkEvent } from './sdk-event.ts'

const envelope = (...lines: string[]): Buffer => Buffer.from(lines.join('\n'))

describe('envelopes', () => {
  test('have items with and without a length, and empty lines', () => {
    const items = readEnvelope(
      envelope('{}', '{"type":"event","length":4}', 'a\nbc', '', '{"type":"session"}', '{"x":1}'),
    )
    expect(items.map(({ type, payload }) => [type, payload.toString()])).toEqual([
      ['event', 'a\nbc'],
      ['session', '{"x":1}'],
    ])
    expect(readEnvelope(envelope('{}'))).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['a header that is no object', 'null\n'],
    ['an item that is longer than the envelope', '{}\n{"type":"event","length":99}\nabc'],
  ])('are refused with %s', (_, text) => {
    expect(() => readEnvelope(Buffer.from(text))).toThrow(EnvelopeProblem)
  })

  test('of any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, hasHead) => {
        const text = Buffer.concat([Buffer.from(hasHead ? '{}\n{"type":"a"}\n' : ''), bytes])
        try {
          expect(readEnvelope(text).length).toBeLessThanOrEqual(100)
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeProblem)
        }
      }),
    )
  })
})

describe('events of SDKs', () => {
  const frames = [
    { filename: 'node:internal/main', function: 'run', lineno: 1 },
    { filename: '/srv/shop/node_modules/x/i.js', function: 'call', lineno: 2, in_app: false },
    { filename: '/srv/shop/cart.js', function: 'total', lineno: 12, colno: 3, in_app: true },
  ]
  const event = {
    ...{ platform: 'node', timestamp: 1_790_000_000.5, release: 'shop@42+1f2e3d4c5b6a' },
    exception: {
      values: [
        { type: 'Error', value: 'no price' },
        {
          type: 'TypeError',
          value: 'of ada@example.com',
          mechanism: { handled: false },
          stacktrace: { frames },
        },
      ],
    },
    breadcrumbs: [{ timestamp: 1_790_000_000, category: 'http', data: { token: 'x', n: 1 } }],
    request: { method: 'GET', url: 'http://shop.test/cart?token=abc' },
    user: { id: '7', email: 'ada@example.com' },
    tags: { region: 'eu', session_id: 'secret' },
  }

  test('are read, the exception that was thrown last first, without personal data', () => {
    expect(readSdkEvent(event, 'shop')).toMatchObject({
      ...{ time: 1_790_000_000_500, language: 'node', release: 'shop@42+1f2e3d4c5b6a' },
      details: {
        exceptions: [
          {
            ...{ type: 'TypeError', message: 'of [e-mail]' },
            frames: [
              { function: 'total', file: '/srv/shop/cart.js', line: 12, column: 3, isOwn: true },
              { isOwn: false },
              { isOwn: false },
            ],
          },
          { type: 'Error', message: 'no price', frames: [] },
        ],
        breadcrumbs: [{ category: 'http', message: '{"token":"[removed]","n":1}' }],
        request: 'GET http://shop.test/cart',
        tags: { region: 'eu', session_id: '[removed]' },
        isHandled: false,
      },
    })
    expect(JSON.stringify(readSdkEvent(event, 'shop'))).not.toMatch(/ada@|abc/)
  })

  test('name a person only by a hash of the app', () => {
    const person = (user: object, app = 'shop') =>
      readSdkEvent({ message: 'x', user }, app)?.person?.toString('hex')
    expect(person({ id: '7' })).toHaveLength(24)
    expect(person({ id: '7' })).toBe(person({ id: 7 }))
    expect(person({ id: '7' })).not.toBe(person({ id: '7' }, 'bank'))
    expect(person({})).toBeUndefined()
  })

  test('may be messages; others are no errors', () => {
    expect(readSdkEvent({ message: 'oh', level: 'warning' }, 'shop')?.details.exceptions).toEqual([
      { type: 'warning', message: 'oh', frames: [] },
    ])
    expect(readSdkEvent({ type: 'transaction' }, 'shop')).toBeNull()
    expect(readSdkEvent('text', 'shop')).toBeNull()
  })

  test('with impossible times are read without them', () => {
    const breadcrumbs = [-8_640_000_000_001, 1e300, '-271821-04-20T00:00:00Z', 5].map(
      (timestamp) => ({ timestamp }),
    )
    const read = readSdkEvent({ exception: [{}], breadcrumbs }, 'shop')
    expect(read?.details.breadcrumbs.map(({ time }) => time)).toEqual([
      ...[null, null, null, '1970-01-01T00:00:05.000Z'],
    ])
  })

  test('of any form are read or are none', () => {
    fc.assert(
      fc.property(fc.object({ key: fc.constantFrom(...Object.keys(event), 'values') }), (any) => {
        const read = readSdkEvent(any, 'shop')
        if (read) expect(read.details.exceptions.length).toBeGreaterThan(0)
      }),
    )
  })
})

test('an app may send a burst, and then so many events a second', () => {
  const rate = new EventRate()
  for (let i = 0; i < rateLimits.burst; i += 1) expect(rate.take('shop', 0)).toBe(0)
  expect(rate.take('shop', 0)).toBeGreaterThan(0)
  expect(rate.take('bank', 0)).toBe(0)
  for (let i = 0; i < rateLimits.aSecond; i += 1) expect(rate.take('shop', 1000)).toBe(0)
  expect(rate.take('shop', 1000)).toBeGreaterThan(0)
})
