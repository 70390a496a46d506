import { setTimeout as pause } from 'node:timers/promises'
import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import type { HostEdge } from '#contract/host/edge.ts'
import { edgeProxies } from '#platform/net/edge-proxies.ts'
import { TestEdge } from '../../../test/support/edge.ts'
import { clientAddress } from './forwarded.ts'
import { edgeRulesOf } from './rules.ts'
import { Users } from './users.ts'

const hashed = execFileSync('openssl', ['passwd', '-6', 'secret']).toString().trim()
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('people', () => {
  test('are known by name and password', () => {
    const users = new Users([`ann:${hashed}`])
    expect(users.admits(basic('ann:secret'), 0)).toBe('yes')
    expect(users.admits(basic('ann:wrong'), 0)).toBe('no')
    expect(users.admits(basic('bob:secret'), 0)).toBe('no')
    for (const other of ['', 'Bearer x', 'Basic !', basic('ann'), basic(`ann:${'x'.repeat(300)}`)])
      expect(users.admits(other, 0)).toBe('no')
  })

  test('are asked to wait while many passwords are tried, unless they are known', () => {
    const users = new Users([`ann:${hashed}`])
    expect(users.admits(basic('ann:secret'), 0)).toBe('yes')
    const tried = Array.from({ length: 6 }, (_, i) => users.admits(basic(`ann:${i}`), 500))
    expect(tried).toEqual(['no', 'no', 'no', 'no', 'later', 'later'])
    expect(users.admits(basic('ann:secret'), 900)).toBe('yes')
    expect(users.admits(basic('ann:0'), 1000)).toBe('no')
  })
})

describe('the address of a client', () => {
  const proxies = edgeProxies({ FAIRLEAD_EDGE_PROXIES: '10.0.0.0/8,2001:db8::/64' })
  test.each([
    ['', '203.0.113.9', '203.0.113.9'],
    ['192.0.2.1', '203.0.113.9', '203.0.113.9'],
    ['192.0.2.1', '10.0.0.8', '192.0.2.1'],
    ['192.0.2.1', '::ffff:10.0.0.8', '192.0.2.1'],
    ['198.51.100.1, 192.0.2.1, 10.0.0.9', '10.0.0.8', '192.0.2.1'],
    ['[2001:db8:1::1]:4711', '10.0.0.8', '2001:db8:1::1'],
    ['192.0.2.1:4711', '2001:db8::5', '192.0.2.1'],
    ['unknown', '10.0.0.8', 'unknown'],
  ])('of the chain %s from %s is %s', (chain, address, client) => {
    expect(clientAddress(chain, { address, isSecure: false }, proxies)).toBe(client)
  })
})

describe.each([false, true])('rules at the edge (isThorough: %s)', (isThorough) => {
  let tried: TestEdge
  afterEach(() => tried.close())

  const open = async (edge: HostEdge, services?: { name: string; ports: number[] }[]) => {
    tried = new TestEdge({ isThorough, times: { ...long, sweep: 20 } })
    await tried.listen()
    const own = services ?? [{ name: 'web', ports: [await tried.echo()] }]
    tried.set({ services: own, rules: edgeRulesOf(edge) })
  }
  const long = { request: 60_000, head: 60_000, body: 60_000, reading: 60_000 }

  test('redirects with the query, and passes other paths on', async () => {
    await open({ redirects: ['/old/* /new/:splat', '/home https://example.com/ 302'] })
    const moved = await tried.ask('/old/a%20b?x=1')
    expect([moved.status, moved.headers.location]).toEqual([301, '/new/a%20b?x=1'])
    const away = await tried.ask('/home')
    expect([away.status, away.headers.location]).toEqual([302, 'https://example.com/'])
    expect((await tried.ask('/older')).status).toBe(200)
    expect((await tried.ask('/%ff')).status).toBe(200)
    expect(tried.edge.takeSecond()).toMatchObject([{ outcomes: { '2xx': 2 } }])
  })

  test('sets and removes headers in both directions', async () => {
    await open({
      request: { 'X-Site': 'eu', 'User-Agent': null },
      response: { 'X-Frame-Options': 'DENY', 'Content-Type': 'text/plain', 'X-A': null },
    })
    const headers = { 'x-site': 'spoofed', 'user-agent': 'curl', other: 'kept' }
    const { text, headers: answered } = await tried.ask('/', { headers })
    const asked = JSON.parse(text).headers
    expect([asked['x-site'], asked['user-agent'], asked.other]).toEqual(['eu', undefined, 'kept'])
    expect(answered['x-frame-options']).toBe('DENY')
    expect(answered['content-type']).toBe('text/plain')
  })

  test('asks for a name and a password, which the service does not get', async () => {
    await open({ users: [`ann:${hashed}`], request: { 'X-Site': 'eu' } })
    const refused = await tried.ask('/')
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toMatch(/^Basic realm=/)
    const admitted = await tried.ask('/', { headers: { authorization: basic('ann:secret') } })
    expect(admitted.status).toBe(200)
    expect(JSON.parse(admitted.text).headers).toMatchObject({ 'x-site': 'eu' })
    expect(admitted.text).not.toContain('authorization')
    const wrong = { authorization: basic('ann:other') }
    expect((await tried.ask('/', { headers: wrong })).status).toBe(401)
  })

  test('refuses addresses that are not allowed', async () => {
    await open({ allow: ['192.0.2.0/24', '127.0.0.1'] })
    const from = async (address: string) =>
      (await tried.ask('/', { headers: { 'x-forwarded-for': address } })).status
    expect(await from('192.0.2.7')).toBe(200)
    expect(await from('203.0.113.9')).toBe(403)
    expect(await from('192.0.2.7, 203.0.113.9')).toBe(403)
    expect((await tried.ask('/')).status).toBe(200)
  })

  test('refuses bodies that are too long, with and without a length', async () => {
    await open({ body: 1000 })
    const post = async (length: number, headers: Record<string, string> = {}) =>
      (await tried.ask('/', { method: 'POST', body: 'x'.repeat(length), headers })).status
    expect(await post(1000)).toBe(200)
    expect(await post(1001)).toBe(413)
    const chunked = { 'transfer-encoding': 'chunked' }
    expect(await post(1000, chunked)).toBe(200)
    expect(await post(100_000, chunked)).toBe(413)
  })

  test('answers 504 when a service is too slow to begin, and counts it', async () => {
    tried = new TestEdge()
    const edge = await tried.listen()
    const web = await edge.service((asked, answer) => {
      if (asked.url === '/never') return
      answer.write('begun')
      setTimeout(() => answer.end(), 400)
    })
    const first = tried
    await open({ timeout: 200 }, [{ name: 'web', ports: [web] }])
    expect((await tried.ask('/never')).status).toBe(504)
    expect((await tried.ask('/slow')).text).toBe('begun')
    expect(tried.edge.takeSecond()).toMatchObject([{ outcomes: { '2xx': 1, '5xx': 1 } }])
    await first.close()
  })

  test('an upload may take longer than the service', async () => {
    await open({ timeout: 150 })
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: tried.port(), method: 'POST', agent: false, headers },
        (answer) => resolve(answer.resume().statusCode),
      )
      sent.on('error', reject)
      sent.write('x')
      void pause(400).then(() => sent.end('y'))
    })
    expect(status).toBe(200)
  })
  const headers = { host: 'shop.production.localhost', 'content-length': '2' }
})
