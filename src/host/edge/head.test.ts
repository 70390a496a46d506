import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChunkScanner } from './chunked.ts'
import { hostName, readRequest, readResponse } from './head.ts'

/** What Node's own parser makes of the same bytes. */
let judge: { ask(bytes: string): Promise<IncomingMessage | null>; close(): void }

beforeAll(async () => {
  let seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  judge = {
    ask: (bytes) =>
      new Promise((resolve) => {
        seen = []
        const socket = connect({ port, host: '127.0.0.1' }, () => socket.end(bytes, 'latin1'))
        socket.on('error', () => undefined)
        socket.resume()
        socket.on('close', () => resolve(seen[0] ?? null))
      }),
    close: () => server.close(),
  }
})
afterAll(() => judge.close())

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
const value = fc.stringMatching(/^[\t -~\x80-\xff]{0,20}$/)
const known = fc.constantFrom(
  'Host: a.b.localhost:80',
  'host: c',
  'Content-Length: 5',
  'content-length: 0',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'connection: Keep-Alive',
  'Connection: close, x',
  'Keep-Alive: timeout=5',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'TE: trailers',
  'X-Forwarded-For: 1.2.3.4',
  'Transfer-Encoding : chunked',
  ' folded',
  'Content-Length: 5\n',
  'X: a\rb',
  'X\0: y',
  ': empty',
  'no colon',
  'X: \0',
)
const line = fc.oneof(
  known,
  fc.tuple(token, value).map(([name, text]) => `${name}: ${text}`),
)
const head = fc
  .tuple(
    fc.constantFrom(
      'GET / HTTP/1.1',
      'POST /a?b=%20 HTTP/1.1',
      'GET  / HTTP/1.1',
      'GET http://x/ HTTP/1.1',
      'GET / HTTP/1.0',
      'get / HTTP/1.1',
      'GET /\t HTTP/1.1',
    ),
    fc.array(line, { maxLength: 6 }),
  )
  .map(([first, lines]) =>
    [first, 'Host: shop.production.localhost', ...lines].map((one) => `${one}\r\n`).join(''),
  )

describe('request heads', () => {
  test('every request that is accepted reads as in Node’s parser', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(head, async (text) => {
        const mine = readRequest(text)
        if (!mine) return
        read += 1
        const theirs = await judge.ask(`${text}\r\n${'x'.repeat(mine.length)}`)
        expect(theirs).not.toBeNull()
        expect(mine.method).toBe(theirs?.method)
        expect(mine.kept.split(' ')[1]).toBe(theirs?.url)
        expect(mine.authority).toBe(theirs?.headers.host)
        expect(mine.length).toBe(Number(theirs?.headers['content-length'] ?? 0))
        expect(theirs?.headers['transfer-encoding']).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(50)
  })

  test.each([
    ['a second host', 'host: a\r\nhost: b\r\n'],
    ['no host', 'accept: */*\r\n'],
    ['two lengths', 'host: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n'],
    ['a length with a sign', 'host: a\r\ncontent-length: +1\r\n'],
    ['a length after a no-break space', 'host: a\r\ncontent-length: \xa05\r\n'],
    ['a length before a no-break space', 'host: a\r\ncontent-length: 5\xa0\r\n'],
    ['a length after a vertical tab', 'host: a\r\ncontent-length: \x0b5\r\n'],
    ['a length with an exponent', 'host: a\r\ncontent-length: 1e3\r\n'],
    ['a hexadecimal length', 'host: a\r\ncontent-length: 0x5\r\n'],
    ['a length with a fraction', 'host: a\r\ncontent-length: 5.0\r\n'],
    ['a length without digits', 'host: a\r\ncontent-length:\r\n'],
    ['a host with a space', 'host: a b\r\n'],
    ['a host after a no-break space', 'host: \xa0a\r\n'],
    ['a connection after a no-break space', 'host: a\r\nconnection: \xa0close\r\n'],
    ['chunks', 'host: a\r\ntransfer-encoding: chunked\r\n'],
    ['a space before the colon', 'host: a\r\ncontent-length : 1\r\n'],
    ['a folded line', 'host: a\r\nx: b\r\n c\r\n'],
    ['a line feed alone', 'host: a\nx: b\r\n'],
    ['a carriage return inside a line', 'host: a\r\nx: b\rc\r\n'],
    ['a null byte', 'host: a\r\nx: \0\r\n'],
    ['the session of the console', 'host: a\r\nCookie: a=1;fairlead_session=x; b=2\r\n'],
    ['a sign-in to the console', 'host: a\r\ncookie: fairlead_sign_in=x\r\n'],
    ['headers named for removal', 'host: a\r\nconnection: close, x-secret\r\nx-secret: 1\r\n'],
  ])('%s is left to Node’s parser', (_name, lines) => {
    expect(readRequest(`GET / HTTP/1.1\r\n${lines}`)).toBeNull()
  })

  test('drops hop-by-hop headers and reads forwarded headers', () => {
    const text =
      'GET /x HTTP/1.1\r\nHost: A.B:80\r\nConnection: close\r\nX-Forwarded-For: 1.1.1.1\r\n' +
      'Accept: */*\r\nx-forwarded-for: 2.2.2.2\r\nKeep-Alive: 1\r\n'
    expect(readRequest(text)).toMatchObject({
      host: 'a.b',
      authority: 'A.B:80',
      keepAlive: false,
      forwardedFor: '1.1.1.1, 2.2.2.2',
      kept: 'GET /x HTTP/1.1\r\nHost: A.B:80\r\nAccept: */*\r\n',
    })
  })

  test.each([
    ['a.b:80', 'a.b'],
    ['A.B', 'a.b'],
    ['[::1]:80', '[::1]'],
    ['[::1]', '[::1]'],
    ['a.b.', 'a.b'],
    ['a.b.:80', 'a.b'],
  ])('the host of %s is %s', (text, expected) => {
    expect(hostName(text)).toBe(expected)
  })
})

describe('response heads', () => {
  test.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n', 'GET', { body: 3, keepAlive: true }],
    ['HTTP/1.1 200\r\n\r\n'.slice(0, -2), 'GET', { body: 'close', keepAlive: false }],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n',
      'GET',
      { body: 'chunked', keepAlive: true },
    ],
    ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n', 'HEAD', { body: 0, keepAlive: true }],
    [
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\nconnection: close\r\n',
      'GET',
      { body: 0, keepAlive: false },
    ],
    ['HTTP/1.0 200 OK\r\ncontent-length: 3\r\n', 'GET', { body: 3, keepAlive: false }],
    [
      'HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n',
      'GET',
      { body: 3, keepAlive: true },
    ],
  ] as const)('%j to %s', (text, method, expected) => {
    expect(readResponse(text, method)).toMatchObject(expected)
  })
})

describe('chunked bodies', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  const encode = (parts: Uint8Array[]): Buffer =>
    Buffer.concat([
      ...parts.flatMap((part) => [
        Buffer.from(`${part.length.toString(16)};x=y\r\n`),
        Buffer.from(part),
        Buffer.from('\r\n'),
      ]),
      Buffer.from('0\r\nx-trailer: 1\r\n\r\n'),
    ])

  test('ends at the last chunk, however the bytes are split', () => {
    fc.assert(
      fc.property(
        chunks,
        fc.uint8Array({ maxLength: 20 }),
        fc.array(fc.nat(300), { maxLength: 8 }),
        (parts, after, cuts) => {
          const body = encode(parts)
          const all = Buffer.concat([body, Buffer.from(after)])
          const scanner = new ChunkScanner()
          let taken = 0
          const edges = [
            ...new Set([0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length]),
          ].toSorted((a, b) => a - b)
          for (let i = 1; i < edges.length && !scanner.isOver; i += 1)
            taken += scanner.feed(all.subarray(edges[i - 1], edges[i]), 0)
          expect(scanner.isOver).toBe(true)
          expect(taken).toBe(body.length)
        },
      ),
    )
  })

  test.each(['g\r\n', '\r\n', '2\r\nabc\r\n', '5\nhello', '-1\r\n', `${'f'.repeat(20)}\r\n`])(
    'refuses %j',
    (text) => {
      expect(() => new ChunkScanner().feed(Buffer.from(text), 0)).toThrow()
    },
  )
})
