import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { edgeProxyProtocol } from '#platform/net/edge-proxies.ts'
import { edgeHost, TestEdge } from '../../../test/support/edge.ts'
import { readProxyHeader } from './proxy-protocol.ts'

const text = (line: string): Buffer => Buffer.from(line, 'latin1')
const binary = (kind: number, family: number, rest: number[]): Buffer =>
  Buffer.from([
    ...text('\r\n\r\n\0\r\nQUIT\n'),
    ...[kind, family, rest.length >> 8, rest.length & 255],
    ...rest,
  ])
const v4 = [192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 3, 4]
const v6 = [
  0x20,
  1,
  0xd,
  0xb8,
  ...Array.from({ length: 12 }, () => 0),
  ...Array(16).fill(1),
  1,
  2,
  3,
  4,
]

describe('a header of the PROXY protocol', () => {
  test.each([
    ['version 1', text('PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n'), '192.0.2.7'],
    ['version 1 with IPv6', text('PROXY TCP6 2001:db8::1 ::1 4711 80\r\n'), '2001:db8::1'],
    ['version 1, unknown', text('PROXY UNKNOWN\r\n'), null],
    ['version 2', binary(0x21, 0x11, v4), '192.0.2.7'],
    ['version 2 with extensions', binary(0x21, 0x11, [...v4, 4, 0, 1, 0]), '192.0.2.7'],
    ['version 2 with IPv6', binary(0x21, 0x21, v6), '2001:db8:0:0:0:0:0:0'],
    ['version 2, of its own', binary(0x20, 0, []), null],
  ])('%s', (_name, bytes, address) => {
    const whole = Buffer.concat([bytes, text('GET / HTTP/1.1\r\n')])
    expect(readProxyHeader(whole)).toEqual({ address, length: bytes.length })
    for (let end = 0; end < bytes.length; end += 1)
      expect(readProxyHeader(bytes.subarray(0, end))).toBe('more')
  })

  test.each([
    ['a request', text('GET / HTTP/1.1\r\n')],
    ['an address that is none', text('PROXY TCP4 evil 10.0.0.1 1 2\r\n')],
    ['a line that is too long', text(`PROXY TCP4 ${'1'.repeat(120)}`)],
    ['another command', binary(0x22, 0x11, v4)],
    ['too many extensions', binary(0x21, 0x11, Array(5000).fill(0))],
  ])('%s is refused', (_name, bytes) => {
    expect(readProxyHeader(bytes)).toBe('wrong')
  })
})

describe.each([false, true])('the PROXY protocol at the edge (isThorough: %s)', (isThorough) => {
  let tried: TestEdge
  afterEach(() => tried.close())

  const open = async (sources: string) => {
    const proxyProtocol = edgeProxyProtocol({ FAIRLEAD_EDGE_PROXY_PROTOCOL: sources })
    tried = await new TestEdge({ isThorough, proxyProtocol }).listen()
    tried.set({ services: [{ name: 'web', ports: [await tried.echo()] }] })
  }
  const speak = (...parts: Buffer[]) =>
    new Promise<string>((resolve) => {
      let answer = ''
      const socket = connect({ host: '127.0.0.1', port: tried.port() })
      for (const part of parts) socket.write(part)
      socket.on('data', (bytes) => (answer += bytes.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(answer))
    })
  const ask = text(`GET / HTTP/1.1\r\nhost: ${edgeHost}\r\nconnection: close\r\n\r\n`)

  test('gives the address of the client to the service', async () => {
    await open('127.0.0.1')
    const line = text('PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n')
    expect(await speak(Buffer.concat([line, ask]))).toContain('"x-forwarded-for":"192.0.2.7"')
    const [start, end] = [line.subarray(0, 9), line.subarray(9)]
    expect(await speak(start, Buffer.concat([end, ask]))).toContain('"192.0.2.7"')
    expect(await speak(binary(0x21, 0x11, v4), ask)).toContain('"x-forwarded-for":"192.0.2.7"')
    expect(await speak(binary(0x20, 0, []), ask)).toContain('"x-forwarded-for":"127.0.0.1"')
    expect(await speak(ask)).toBe('')
  })

  test('is not read from other addresses', async () => {
    await open('192.0.2.0/24')
    const answer = await speak(text('PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n'), ask)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(await speak(ask)).toContain('"x-forwarded-for":"127.0.0.1"')
  })
})
