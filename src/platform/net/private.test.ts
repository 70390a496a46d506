import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { git, gitProxy } from '#platform/git/git.ts'
import { gitTunnel, writeTunnel } from '#platform/git/tunnel.ts'
import { selfCommand } from '#platform/self.ts'
import { createEgressPolicy } from './egress.ts'
import { addressProblem, guardedFetch, publicPolicy } from './private.ts'
import { startSocks } from './socks.ts'

const names: Record<string, string[]> = {
  'forge.test': ['127.0.0.1'],
  'inside.test': ['127.0.0.1'],
  'both.test': ['10.0.0.1', '192.0.2.1'],
  'public.test': ['192.0.2.1'],
}
const resolve = (
  name: string,
  _options: unknown,
  callback: (error: Error | null, found: LookupAddress[]) => void,
): void => {
  const found = names[name]
  if (!found) return callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), [])
  callback(
    null,
    found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}
const policyOf = (hosts: string[]) =>
  publicPolicy(createEgressPolicy(undefined, resolve as never), hosts)

test.each([
  ['127.0.0.1', true],
  ['0.0.0.0', true],
  ['10.1.2.3', true],
  ['172.16.0.1', true],
  ['172.32.0.1', false],
  ['192.168.7.7', true],
  ['100.64.0.1', true],
  ['169.254.169.254', true],
  ['::1', true],
  ['::', true],
  ['::ffff:10.0.0.1', true],
  ['64:ff9b::7f00:1', true],
  ['2002:a00:1::', true],
  ['fd12::1', true],
  ['fe80::1%eth0', true],
  ['239.0.0.1', true],
  ['8.8.8.8', false],
  ['2606:4700::1', false],
])('%s is refused for users: %s', (address, isRefused) => {
  expect(policyOf([]).refusal(address) !== null).toBe(isRefused)
})

test('named hosts, addresses and networks are permitted, metadata addresses never', async () => {
  const policy = policyOf(['Forge.test', '10.1.0.0/16', '169.254.0.0/16'])
  expect([policy.refusal('10.1.2.3'), policy.refusal('::ffff:10.1.2.3')]).toEqual([null, null])
  expect(policy.refusal('10.2.0.1')).toContain('FAIRLEAD_PRIVATE_HOSTS')
  expect(policy.refusal('169.254.169.254')).toContain('metadata')
  const problem = (url: string) => addressProblem(policy, url)
  expect(await problem('https://forge.test/api')).toBeNull()
  expect(await problem('https://public.test')).toBeNull()
  expect(await problem('https://nowhere.test')).toBeNull()
  for (const local of ['file:///srv/shop.git', 'ssh://git@public.test/x', 'git@public.test:x.git'])
    expect([local, await problem(local)]).toEqual([local, null])
  for (const inside of ['ssh://git@inside.test/x', 'git://10.2.0.1/x', 'git@inside.test:x.git'])
    expect(await problem(inside)).toContain('is in a private network')
  expect(await problem('http://[::1]:9/')).toContain('::1 is in a private network')
  const inside = await problem('http://inside.test:8080')
  expect(inside).toContain('inside.test is in a private network')
  expect(inside).not.toContain('127.0.0.1')
})

describe('a request', () => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/away'))
      return response.writeHead(302, { location: `http://inside.test:${port}/` }).end()
    response.end('here')
  })
  let port = 0
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => void server.close())

  test('reaches named hosts only, also after a redirect', async () => {
    const send = guardedFetch(policyOf(['forge.test']))
    const ask = (url: string): Promise<string> =>
      send(url).then(
        (response) => response.text(),
        (error: Error) => (error.cause as Error).message,
      )
    expect(await ask(`http://forge.test:${port}/`)).toBe('here')
    for (const url of [
      `http://inside.test:${port}/`,
      `http://127.0.0.1:${port}/`,
      `http://forge.test:${port}/away`,
    ])
      expect([url, await ask(url)]).toEqual([url, expect.stringContaining('private network')])
  })

  test('of git reaches named hosts only, over each protocol and after a redirect', async () => {
    const socks = await startSocks(policyOf(['forge.test']))
    const folder = await mkdtemp(join(tmpdir(), "fairlead-it's 100%-"))
    await writeTunnel(folder, selfCommand('connect'))
    const before = { [gitProxy]: process.env[gitProxy], [gitTunnel]: process.env[gitTunnel] }
    Object.assign(process.env, { [gitProxy]: socks.url, [gitTunnel]: folder })
    let connections = 0
    server.on('connection', () => (connections += 1))
    const ask = (url: string, network: true | 'anonymous'): Promise<string> =>
      git('/', ['ls-remote', url], { network, timeoutMs: 20_000 }).then(
        () => 'here',
        (error: Error) => error.message,
      )
    try {
      for (const network of [true, 'anonymous'] as const) {
        expect(await ask(`http://forge.test:${port}/`, network)).toBe('here')
        for (const url of [`http://inside.test:${port}/`, `http://forge.test:${port}/away`])
          expect(await ask(url, network)).toContain('FAIRLEAD_PRIVATE_HOSTS')
      }
      const others = ['ssh://git@', 'git://']
      connections = 0
      for (const scheme of others) {
        const inside = await ask(`${scheme}inside.test:${port}/x`, true)
        expect(inside).toMatch(/^cannot connect to inside.test: .*FAIRLEAD_PRIVATE_HOSTS/)
        expect(await ask(`${scheme}gone.test:${port}/x`, true)).toContain('Could not resolve host')
        expect(await ask(`${scheme}forge.test:${port}/x`, 'anonymous')).toContain('not allowed')
      }
      expect(await ask('git@inside.test:x.git', true)).toContain('FAIRLEAD_PRIVATE_HOSTS')
      expect(connections).toBe(0)
      // It speaks neither protocol.
      for (const scheme of others)
        expect(await ask(`${scheme}forge.test:${port}/x`, true)).not.toContain('cannot connect')
      expect(connections).toBe(2)
    } finally {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      socks.close()
      await rm(folder, { recursive: true })
    }
  })
})
