import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Batch } from '#contract/verdict/verdict.ts'
import { edgeHost, TestEdge } from '../../../test/support/edge.ts'
import { Count } from './count.ts'
import { headWithoutStart, serviceFor, withoutStart } from './paths.ts'

const named = (name: string, ...paths: string[]) => ({
  ...{ name, ports: [] },
  paths: paths.map((path) => ({ path: path.replace('!', ''), strip: path.endsWith('!') })),
})

describe('the service of a path', () => {
  const services = [named('web'), named('api', '/api', '/v2!'), named('admin', '/api/admin')]
  test.each([
    ['/', 'web', ''],
    ['/apix', 'web', ''],
    ['/api', 'api', ''],
    ['/api?x=1', 'api', ''],
    ['/api/', 'api', ''],
    ['/api/orders', 'api', ''],
    ['/api/admin', 'admin', ''],
    ['/api/admins', 'api', ''],
    ['/v2/orders', 'api', '/v2'],
    ['/%61pi', 'web', ''],
    ['/api/../x', 'api', ''],
  ])('%s leads to %s', (path, name, strip) => {
    const found = serviceFor(services, path)
    expect([found.service?.name, found.strip]).toEqual([name, strip])
  })

  test('does not depend on their order', () => {
    const [first, ...rest] = services
    const paths = fc.constantFrom('/', '/api', '/api/a', '/api/admin/x', '/v2', '/v2x')
    fc.assert(
      fc.property(paths, fc.shuffledSubarray(rest, { minLength: 2 }), (path, others) => {
        expect(serviceFor([first!, ...others], path)).toEqual(serviceFor(services, path))
      }),
    )
  })
})

test('a path without its start begins with one slash', () => {
  expect(
    ['/api', '/api/', '/api?x', '/api//evil.example', '/api/a//b'].map((path) =>
      withoutStart(path, '/api'),
    ),
  ).toEqual(['/', '/', '/?x', '/evil.example', '/a//b'])
  expect(headWithoutStart('GET /api/a HTTP/1.1\r\nhost: x\r\n\r\n', '/api')).toBe(
    'GET /a HTTP/1.1\r\nhost: x\r\nx-forwarded-prefix: /api\r\n\r\n',
  )
})

describe.each([false, true])('paths at the edge (isThorough: %s)', (isThorough) => {
  let tried: TestEdge
  afterEach(() => tried.close())

  const open = async () => {
    tried = await new TestEdge({ isThorough }).listen()
    const [web, api] = [await tried.echo(), await tried.echo()]
    const services = [
      { name: 'web', ports: [web] },
      { name: 'api', ports: [api], paths: [{ path: '/api', strip: true }] },
    ]
    return { web, api, services }
  }

  test('each service gets its requests, and is counted by itself', async () => {
    const { services } = await open()
    tried.set({ services })
    const spoofed = { 'x-forwarded-prefix': '/evil', 'x-forwarded-port': '1', 'x-real-ip': '9' }
    const api = JSON.parse((await tried.ask('/api/orders?a=b')).text)
    expect(api).toMatchObject({ url: '/orders?a=b', headers: { 'x-forwarded-prefix': '/api' } })
    expect(JSON.parse((await tried.ask('/apis', { headers: spoofed })).text).url).toBe('/apis')
    const host = `api.${edgeHost}`
    expect(JSON.parse((await tried.ask('/api/x', { headers: { host } })).text).url).toBe('/api/x')
    expect(tried.edge.takeSecond()).toMatchObject([
      { service: 'api', outcomes: { '2xx': 2 }, routes: { '/api/orders': [1, 0] } },
      { service: 'web', outcomes: { '2xx': 1 }, routes: { '/apis': [1, 0] } },
    ])
  })

  test('the release that a request is assigned to decides', async () => {
    const { services, web } = await open()
    const batches: Batch[] = []
    const count = new Count((batch) => batches.push(batch) > 0)
    count.rule = { share: 0.5, isFresh: false, routes: {}, batchMs: 60_000 }
    const old = [{ name: 'web', ports: [web] }]
    tried.set({ services: old, canary: { release: 2, services, count } })
    const urls: string[] = []
    for (let i = 0; i < 60; i += 1) urls.push(JSON.parse((await tried.ask('/api/x')).text).url)
    count.settle(Infinity)
    const moved = urls.filter((url) => url === '/x').length
    expect(batches.reduce((sum, { canary }) => sum + canary.requests, 0)).toBe(moved)
    expect(batches.reduce((sum, { baseline }) => sum + baseline.requests, 0)).toBe(60 - moved)
    const counts = tried.edge.takeSecond().map(({ release, service, outcomes }) => ({
      ...{ release, service, count: outcomes['2xx'] },
    }))
    expect(counts.toSorted((a, b) => a.release - b.release)).toEqual([
      { release: 1, service: 'web', count: 60 - moved },
      { release: 2, service: 'api', count: moved },
    ])
  })

  test('a WebSocket goes to the service of its path', async () => {
    const { services } = await open()
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    sockets.on('connection', (socket, asked) => socket.send(asked.url ?? ''))
    await new Promise((resolve) => sockets.once('listening', resolve))
    const { port } = sockets.address() as { port: number }
    tried.set({
      services: services.map((one) => (one.name === 'api' ? { ...one, ports: [port] } : one)),
    })
    const client = new WebSocket(`ws://127.0.0.1:${tried.port()}/api/live`, {
      headers: { host: edgeHost },
    })
    const text = await new Promise((resolve, reject) => {
      client.on('message', (data) => resolve(String(data)))
      client.on('error', reject)
    })
    expect(text).toBe('/live')
    client.terminate()
    sockets.close()
  })
})
