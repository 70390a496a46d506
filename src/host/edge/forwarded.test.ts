import { expect, test } from 'vitest'
import { edgeProxies } from '#platform/net/edge-proxies.ts'
import { forwardedLines, isHttps } from './forwarded.ts'

const way = {
  authority: 'shop.example',
  forwardedFor: '198.51.100.7',
  forwardedProto: 'https',
  forwardedHost: 'www.shop.example',
  claims: '',
}
const seen = (client: string, named?: string): (string | undefined)[] =>
  linesOf(client, false, named)

const linesOf = (client: string, isSecure: boolean, named?: string): (string | undefined)[] =>
  forwardedLines(way, { address: client, isSecure }, edgeProxies({ FAIRLEAD_EDGE_PROXIES: named }))
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.split(': ')[1])

const believed = (client: string) => [`198.51.100.7, ${client}`, 'https', 'www.shop.example']

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('without a list, %s is believed', (client) => {
  expect(seen(client)).toEqual(believed(client))
  expect(seen(client, ' , ')).toEqual(believed(client))
})

test('without a list, others only extend the chain of addresses', () => {
  expect(seen('203.0.113.9')).toEqual(['198.51.100.7, 203.0.113.9', 'http', 'shop.example'])
})

test.each(['10.0.0.8', '::ffff:10.0.0.8', '192.0.2.1', '2001:db8::5'])(
  'a proxy of the list is believed: %s',
  (client) => {
    expect(seen(client, '10.0.0.0/24, 192.0.2.1, 2001:db8::/64')).toEqual(believed(client))
  },
)

test.each(['10.0.1.8', '127.0.0.1', '::1', '2001:db8:1::5', ''])(
  'with a list, nothing that another client claims is passed on: %s',
  (client) => {
    const list = '10.0.0.0/24, 192.0.2.1, 2001:db8::/64'
    expect(seen(client, list)).toEqual([client, 'http', 'shop.example'])
  },
)

test('a connection with TLS counts as HTTPS for every client', () => {
  expect(linesOf('203.0.113.9', true, '192.0.2.1')).toEqual([
    '203.0.113.9',
    'https',
    'shop.example',
  ])
  const plain = { address: '127.0.0.1', isSecure: false }
  expect(isHttps('https', plain, null)).toBe(true)
  expect(isHttps('', plain, null)).toBe(false)
  expect(isHttps('https', { address: '203.0.113.9', isSecure: false }, null)).toBe(false)
  expect(isHttps('', { address: '203.0.113.9', isSecure: true }, null)).toBe(true)
})

test('what is not an address is refused in one sentence', () => {
  expect(() => edgeProxies({ FAIRLEAD_EDGE_PROXIES: 'lb.internal' })).toThrow(
    'FAIRLEAD_EDGE_PROXIES has "lb.internal", but must be addresses such as',
  )
})

test('other claims pass from believed proxies only, and Forwarded gets one more element', () => {
  const claims = 'X-Real-IP: 198.51.100.7\r\nForwarded: for=198.51.100.7\r\n'
  const lines = (client: string) =>
    forwardedLines({ ...way, claims }, { address: client, isSecure: false }, null)
  expect(lines('203.0.113.9')).not.toMatch(/real-ip|^forwarded/im)
  expect(lines('::1')).toContain(`${claims}forwarded: for="[::1]";proto=https\r\n`)
})
