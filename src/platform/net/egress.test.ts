import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetch } from 'undici'
import { git, gitProxy } from '#platform/git/git.ts'
import { createEgressPolicy, guardedAgent } from './egress.ts'
import { startSocks } from './socks.ts'

/** Names that stand for these addresses, the next of them each time that they are asked for. */
function resolverOf(names: Record<string, string[][]>) {
  const asked: string[] = []
  const resolve = (
    name: string,
    _options: unknown,
    callback: (error: null, found: LookupAddress[]) => void,
  ): void => {
    const turn = asked.filter((one) => one === name).length
    asked.push(name)
    const all = names[name] ?? []
    const found = all[Math.min(turn, all.length - 1)] ?? []
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { asked, resolve: resolve as never }
}

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['::ffff:169.254.169.254', true],
  ['64:ff9b::a9fe:a9fe', true],
  ['fe80::1%eth0', true],
  ['fd00:ec2::254', true],
  ['168.63.129.16', true],
  ['100.100.100.200', true],
  ['192.0.0.192', true],
  ['fd00:42::42', true],
  ['fe80::a9fe:a9fe', true],
  ['::ffff:6464:64c8', true],
  ['::ffff:0:100.100.100.200', true],
  ['::168.63.129.16', true],
  ['64:ff9b::168.63.129.16', true],
  ['64:ff9b:1::c000:c0', true],
  ['2002:a9fe:a9fe::1', true],
  ['2002:6464:64c8::', true],
  // Teredo, with 169.254.169.254 inverted in its last 32 bits.
  ['2001:0:4136:e378:8000:63bf:5601:5601', true],
  ['2001:4860:4860::8888', false],
  ['100.100.100.201', false],
  ['64:ff9b::6464:64c9', false],
  ['2002:0a00:1::', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['10.0.0.1', false],
  ['169.253.255.255', false],
  ['::ffff:10.0.0.1', false],
  ['2606:4700::1', false],
])('%s is refused: %s', (address, isRefused) => {
  expect(createEgressPolicy(undefined).refusal(address) !== null).toBe(isRefused)
})

test('allows configured addresses, and reports an invalid configuration', () => {
  const { refusal } = createEgressPolicy('169.254.10.0/24, fd00:ec2::254')
  for (const open of ['169.254.10.7', 'fd00:ec2::254', '::ffff:169.254.10.7', '64:ff9b::a9fe:a07'])
    expect([open, refusal(open)]).toEqual([open, null])
  expect(refusal('169.254.169.254')).toContain('FAIRLEAD_ALLOW_ADDRESSES')
  for (const wrong of ['forge', '10.0.0.0/33', '10.0.0.0/x'])
    expect(() => createEgressPolicy(wrong)).toThrow(
      `FAIRLEAD_ALLOW_ADDRESSES has "${wrong}", but must be addresses such as`,
    )
})

describe('requests to a private address', () => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/away'))
      return response.writeHead(302, { location: 'http://169.254.169.254/x' }).end()
    if (request.url?.startsWith('/named'))
      return response.writeHead(302, { location: 'http://cloud.test/x' }).end()
    response.end('here')
  })
  let port = 0
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => void server.close())
  const names = {
    'forge.test': [['127.0.0.1']],
    'cloud.test': [['169.254.169.254']],
    'both.test': [['169.254.169.254', '127.0.0.1']],
    // Good when it is looked at, bad when it is connected to.
    'turning.test': [['127.0.0.1'], ['169.254.169.254']],
  }

  test('by fetch are refused before sending, also by name and after a redirect', async () => {
    const { asked, resolve } = resolverOf(names)
    const dispatcher = guardedAgent(createEgressPolicy(undefined, resolve))
    const ask = (address: string): Promise<string> =>
      fetch(address, { dispatcher }).then(
        (response) => response.text(),
        (error: Error) => (error.cause as Error).message,
      )
    for (const host of ['forge.test', 'both.test', '127.0.0.1', 'turning.test'])
      expect([host, await ask(`http://${host}:${port}/`)]).toEqual([host, 'here'])
    expect(asked.filter((name) => name === 'turning.test')).toHaveLength(1)
    for (const address of [
      'http://169.254.169.254/latest/meta-data',
      'http://2852039166/',
      'http://0xa9.0xfe.0xa9.0xfe/',
      'http://[::ffff:a9fe:a9fe]/',
      'http://cloud.test/',
      `http://forge.test:${port}/away`,
      `http://forge.test:${port}/named`,
    ])
      expect([address, await ask(address)]).toEqual([
        address,
        expect.stringContaining('is blocked'),
      ])
    await dispatcher.close()
  })

  test('by git are refused as well, and the proxy admits no other client', async () => {
    const socks = await startSocks(createEgressPolicy(undefined, resolverOf(names).resolve))
    const before = process.env[gitProxy]
    const ask = (address: string, proxy = socks.url): Promise<string> => {
      process.env[gitProxy] = proxy
      return git('/', ['ls-remote', address], { network: true, timeoutMs: 20_000 }).then(
        () => 'answered',
        (error: Error) => error.message,
      )
    }
    try {
      for (const address of [
        'http://169.254.169.254/',
        'http://2852039166/',
        'http://cloud.test/',
        'http://[fe80::1]/',
      ])
        expect([address, await ask(address)]).toEqual([
          address,
          expect.stringContaining('the address is blocked'),
        ])
      for (const path of ['away', 'named'])
        expect(await ask(`http://forge.test:${port}/${path}`)).toContain('the address is blocked')
      expect(await ask(`http://forge.test:${port}/`)).toBe('answered')
      expect(await ask('http://forge.test:9/')).toContain('Connection refused')
      const stranger = socks.url.replace(/git:\w+@/, 'git:guess@')
      expect(await ask(`http://forge.test:${port}/`, stranger)).toMatch(
        /SOCKS5|proxy|authentication/i,
      )
    } finally {
      if (before === undefined) delete process.env[gitProxy]
      else process.env[gitProxy] = before
      socks.close()
    }
  })
})
