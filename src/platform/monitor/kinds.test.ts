import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { lookup } from 'node:dns'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createEgressPolicy } from '#platform/net/egress.ts'
import { publicPolicy } from '#platform/net/private.ts'
import {
  createDatabase,
  dropDatabase,
  type TestConnection,
} from '../../../test/support/postgres.ts'
import { judge as judgeCommand } from './kinds/command.ts'
import { judge as judgeBeats } from './kinds/heartbeat.ts'
import { breakingSeries, judge as judgeEntities } from './kinds/invariant.ts'
import { matches } from './kinds/log.ts'
import { judge as judgePage } from './kinds/dependency.ts'
import { judge as judgeExpiry } from './kinds/tls.ts'
import { monitorKinds } from './kinds.generated.ts'
import { type HostIo, isOnServer, type MonitorKind, type ServerIo } from './monitor-kind.ts'

const kinds = monitorKinds as unknown as readonly MonitorKind[]
const open = createEgressPolicy(undefined)
const closed = publicPolicy(open, [])

const io = (more: Partial<HostIo> = {}): HostIo => ({
  signal: AbortSignal.timeout(5000),
  ...{ lookup: open.lookup, refusal: open.refusal },
  edge: { port: 1, host: 'shop.production.localhost' },
  variable: () => undefined,
  run: async () => ({ code: 0, output: [] }),
  newLines: () => [],
  ...more,
})
const check = (kind: string, settings: unknown, more: Partial<HostIo> = {}) => {
  const found = kinds.find((one) => one.kind === kind)!
  return found.onHost!(found.settings.parse(settings), io(more))
}

describe.each(monitorKinds)('$kind', (one) => {
  const kind = one as unknown as MonitorKind
  test('reads its example, refuses unknown keys, and is checked somewhere', () => {
    const settings = kind.settings.parse(kind.example)
    expect(kind.settings.safeParse({ ...(kind.example as object), nonsense: 1 }).success).toBe(
      false,
    )
    const place = isOnServer(kind, settings) ? kind.onServer : kind.onHost
    expect(place).toBeTypeOf('function')
  })
})

describe('http', () => {
  let server: Server
  let base: string
  const seen: { url: string; host: string | undefined; auth: string | undefined }[] = []
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { host, authorization } = request.headers
      seen.push({ url: request.url ?? '', host, auth: authorization })
      if (request.url === '/loop') response.writeHead(302, { location: '/loop' })
      if (request.url === '/away')
        response.writeHead(302, { location: `http://localhost:${port()}/ok` })
      if (request.url === '/bad') response.statusCode = 500
      if (request.url === '/api/v2/summary.json')
        response.writeHead(302, { location: '/moved/api/v2/summary.json' })
      if (request.url === '/moved/api/v2/summary.json')
        return void response.end('{"status": {"indicator": "none"}, "components": []}')
      response.end(
        request.url === '/json' ? '{"status": "ok", "checks": [{"up": true}]}' : 'Pay now',
      )
    })
    const port = (): number => (server.address() as AddressInfo).port
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${port()}`
  })
  afterAll(() => void server.close())

  test('the status page of a dependency is read', async () => {
    expect(await check('dependency', base)).toEqual({ state: 'up', reason: '' })
    expect(await check('dependency', { url: base, components: ['API'] })).toEqual({
      ...{ state: 'unknown', reason: 'the status page has no component API' },
    })
    expect(await check('dependency', `${base}/ok`)).toMatchObject({
      ...{ state: 'unknown', reason: 'the status page cannot be read: it is not JSON' },
    })
    expect(await check('dependency', 'http://127.0.0.1:9')).toMatchObject({
      state: 'unknown',
      reason: 'the status page cannot be read: the connection was refused',
    })
  })

  test.each([
    ['/ok', {}, 'up', ''],
    ['/bad', {}, 'down', 'it answers 500'],
    ['/bad', { status: 500 }, 'up', ''],
    ['/bad', { status: ['2xx', '5xx'] }, 'up', ''],
    ['/ok', { contains: 'Pay now' }, 'up', ''],
    ['/ok', { contains: 'Sold out' }, 'down', 'its answer does not contain "Sold out"'],
    ['/ok', { lacks: 'Pay' }, 'down', 'its answer contains "Pay"'],
    ['/json', { json: { status: 'ok', 'checks[0].up': true } }, 'up', ''],
    ['/json', { json: { status: 'fine' } }, 'down', 'status is ok instead of fine'],
    ['/json', { json: { 'data.x': 1 } }, 'down', 'its answer has no data.x'],
    ['/ok', { json: { status: 'ok' } }, 'down', 'its answer is not JSON'],
    ['/loop', { redirects: 2 }, 'down', 'it redirects more than 2 times'],
    ['/loop', { redirects: 0 }, 'up', ''],
  ])('%s with %j is %s', async (path, settings, state, reason) => {
    expect(await check('http', { url: base + path, ...settings })).toMatchObject({ state, reason })
  })

  test('credentials are variables, and do not follow a redirect to another server', async () => {
    const headers = { authorization: 'Bearer ${TOKEN}' }
    const variable = (name: string) => (name === 'TOKEN' ? 'hush' : undefined)
    seen.length = 0
    expect(await check('http', { url: `${base}/away`, headers }, { variable })).toMatchObject({
      state: 'up',
    })
    expect(seen.map(({ auth }) => auth)).toEqual(['Bearer hush', undefined])
  })

  test('a path reaches the environment through the edge, whatever the policy is', async () => {
    const edge = { port: (server.address() as AddressInfo).port, host: 'shop.production.localhost' }
    seen.length = 0
    const found = await check('http', '/ok', { edge, ...closed })
    expect(found).toMatchObject({ state: 'up' })
    expect(seen[0]).toMatchObject({ url: '/ok', host: 'shop.production.localhost' })
  })

  test.each(['http://127.0.0.1:9/', 'http://localhost:9/', 'http://[::1]:9/'])(
    '%s is not reached where private networks are closed, also by a redirect',
    async (url) => {
      expect(await check('http', url, closed)).toMatchObject({
        state: 'unknown',
        reason: expect.stringContaining('private network'),
      })
    },
  )

  test('a refused connection is down, and not the fault of the prober', async () => {
    const found = await check('http', 'http://127.0.0.1:9/')
    expect(found).toMatchObject({ state: 'down', reason: 'the connection was refused' })
    expect(found.isCutOff).toBe(false)
    const nobody: HostIo['lookup'] = (_name, _options, callback) =>
      callback(Object.assign(new Error('x'), { code: 'EAI_AGAIN' }), '')
    expect(await check('http', 'http://shop.test/', { lookup: nobody })).toMatchObject({
      ...{ state: 'down', isCutOff: true },
    })
  })
})

test('tcp connects', async () => {
  const server = createTcp((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await check('tcp', address)).toMatchObject({ state: 'up' })
  server.close()
  expect(await check('tcp', '127.0.0.1:9')).toMatchObject({ state: 'down' })
  expect(await check('tcp', address, closed)).toMatchObject({ state: 'unknown' })
})

test('tls needs TLS; a chain that ends soon is degraded', async () => {
  const server = createTcp((socket) => socket.end('SSH-2.0-x\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `localhost:${(server.address() as AddressInfo).port}`
  expect(await check('tls', address, { lookup })).toMatchObject({ state: 'down' })
  server.close()
  const [day, now] = [86_400_000, Date.UTC(2026, 10, 29)]
  expect(judgeExpiry(now + 20 * day, 14 * day, now).state).toBe('up')
  expect(judgeExpiry(now + 3 * day, 14 * day, now)).toEqual({
    ...{ state: 'degraded', reason: 'a certificate of the chain expires in 3 days' },
  })
  expect(judgeExpiry(now - 1, 14 * day, now).state).toBe('down')
})

test('the status page of a dependency says its state, or that of components', () => {
  const page = (indicator: string, ...components: [string, string][]) =>
    JSON.stringify({
      status: { indicator, description: 'Partial  System Outage' },
      components: components.map(([name, status]) => ({ name, status })),
      incidents: indicator === 'none' ? [] : [{ name: 'Elevated errors' }],
    })
  expect(judgePage(page('none')).state).toBe('up')
  expect(judgePage(page('minor'))).toEqual({
    state: 'degraded',
    reason: 'the status page says: Partial System Outage (Elevated errors)',
  })
  expect(judgePage(page('critical')).state).toBe('down')
  expect(judgePage(page('new')).state).toBe('unknown')
  const both = page('major', ['API', 'partial_outage'], ['Mail', 'major_outage'])
  expect(judgePage(both, ['API'])).toEqual({
    state: 'degraded',
    reason: 'the status page says: API: partial outage (Elevated errors)',
  })
  expect(judgePage(both, ['API', 'Mail']).state).toBe('down')
  expect(judgePage(both, ['API', 'Else']).state).toBe('unknown')
  expect(judgePage(page('none', ['API', 'operational']), ['API']).state).toBe('up')
  expect(judgePage('{"status": 1}').reason).toContain('not a summary of Statuspage')
})

test('dns asks no private name server where private networks are closed', async () => {
  const found = await check('dns', { name: 'shop.test', server: '10.0.0.1' }, closed)
  expect(found).toMatchObject({ state: 'unknown', reason: expect.stringContaining('10.0.0.1') })
})

test('a command has the exit codes of monitoring plugins', () => {
  const of = (code: number | null, ...output: string[]) => judgeCommand({ code, output })
  expect([0, 1, 2, 3, 127, null].map((code) => of(code).state)).toEqual([
    ...['up', 'degraded', 'down', 'unknown', 'down', 'down'],
  ])
  expect(of(2, '', 'queue has 900 jobs').reason).toBe('queue has 900 jobs')
})

test('a pattern of a log matches its parts in order', async () => {
  expect(matches('payment 7 refused', 'payment * refused')).toBe(true)
  expect(matches('refused payment 7', 'payment * refused')).toBe(false)
  const newLines = () => ['fine', 'out of memory', 'out of memory (test)']
  expect(await check('log', 'out of memory', { newLines })).toMatchObject({
    ...{ state: 'down', reason: '2 lines of its output matched: out of memory' },
  })
  const settings = { lacks: 'out of memory', except: '(test)', more: 1 }
  expect(await check('log', settings, { newLines })).toMatchObject({ state: 'up' })
})

describe('heartbeat', () => {
  const kind = kinds.find((one) => one.kind === 'heartbeat')!
  const minute = 60_000
  const now = Date.UTC(2026, 10, 29, 12)
  const beat = (started: number | null, ended: number | null, isFailed = false) => ({
    ...{ created: 0, isFailed, message: isFailed ? 'exit code 2' : '' },
    started: started === null ? null : now - started * minute,
    ended: ended === null ? null : now - ended * minute,
  })
  const hourly = { each: '1h', grace: '5m', longest: '30m' }
  const nightly = { cron: '0 3 * * *' }
  test.each([
    [hourly, null, 'unknown'],
    [hourly, beat(64, 63), 'up'],
    [hourly, beat(70, 66), 'down'],
    [hourly, beat(20, 80), 'up'],
    [hourly, beat(31, 80), 'down'],
    [hourly, beat(null, 10, true), 'down'],
    [hourly, beat(1, 10, true), 'up'],
    // It was called at 3:10 today; the next call is due tomorrow.
    [nightly, beat(null, 530), 'up'],
    [nightly, beat(null, 530 + 1440), 'down'],
    // A clock that is half a minute ahead; two minutes are another call.
    [nightly, beat(null, 540.5), 'up'],
    [nightly, beat(540.5, 539), 'up'],
    [nightly, beat(null, 542), 'down'],
    // It ended shortly before 11:00, and did not begin then.
    [{ cron: '0 * * * *' }, beat(120, 60.5), 'down'],
  ])('%j with %j is %s', (settings, beats, state) => {
    expect(judgeBeats(kind.settings.parse(settings) as never, beats, now).state).toBe(state)
  })
})

describe('metric', () => {
  const kind = kinds.find((one) => one.kind === 'metric')!
  const found = (values: (number | null)[], more: object = {}, labels = {}) =>
    kind.onServer!(kind.settings.parse({ of: 'latency-p95', above: 500, for: '1m', ...more }), {
      measured: async () => [{ labels, values }],
    } as unknown as ServerIo)
  test('is harm only when every known value is beyond the limit', async () => {
    expect(await found([600, 700, null])).toMatchObject({
      ...{ state: 'degraded', reason: 'latency-p95 is 700, above 500' },
    })
    expect((await found([600, 400, 700])).state).toBe('up')
    expect((await found([600, null, null])).state).toBe('up')
    expect((await found([null, null])).state).toBe('unknown')
    expect((await found([1, 2], { above: undefined, below: 5 })).state).toBe('degraded')
  })
  test('names the series, without what the selector says', async () => {
    const of = 'queue_length{kind="mail"}'
    const { reason } = await found([900], { of }, { kind: 'mail', shard: 'b', instance: '0' })
    expect(reason).toBe(`${of} of shard b, instance 0 is 900, above 500`)
  })
})

describe('invariant', () => {
  let connection: TestConnection
  beforeAll(async () => {
    connection = await createDatabase()
  })
  afterAll(() => dropDatabase(connection))
  const address = () => {
    const { user, host } = inject('postgres')
    return `postgres://${user}@/${connection.database}?host=${encodeURIComponent(host)}`
  }
  const ask = (query: string, more: Partial<HostIo> = {}) =>
    check('invariant', { query }, { variable: () => address(), ...more })

  test('names the entities that break it', async () => {
    const query = `select account from (values (7, 3), (8, 1), (9, 5)) as charges (account, number)
      where number > 2; `
    expect(await ask(query)).toEqual({
      ...{ state: 'down', reason: 'broken by 7, 9', entities: ['7', '9'] },
    })
    expect(await ask('select 1 where false')).toMatchObject({ state: 'up' })
    const many = await ask('select generate_series(1, 100000)')
    expect(many.reason).toBe('broken by 1, 2, 3, and others: more than 100 in all')
    expect(many.entities).toHaveLength(100)
  })

  test('a query can only read, and one that fails is unknown', async () => {
    for (const query of [
      'create table harm (x int)',
      '1) as x; drop table app; select * from (select 1',
      'select setval(pg_get_serial_sequence($$event$$, $$id$$), 7)',
      'select wrong',
    ])
      expect(await ask(query)).toMatchObject({
        ...{ state: 'unknown', reason: expect.stringContaining('the database answers') },
      })
    expect(await ask('select 1', { variable: () => undefined })).toMatchObject({
      reason: 'the service has no variable DATABASE_URL',
    })
    expect(await ask('select 1', { ...closed })).toMatchObject({
      ...{ state: 'unknown', reason: expect.stringContaining('private network') },
    })
  })

  test('a command that fails knows nothing; one that succeeds names entities', async () => {
    const of = (code: number, ...output: string[]) =>
      check('invariant', { command: './rule' }, { run: async () => ({ code, output }) })
    expect(await of(0)).toMatchObject({ state: 'up' })
    expect(await of(0, ' a ', '', 'a', 'b')).toMatchObject({ state: 'down', entities: ['a', 'b'] })
    expect(await of(1, 'no database')).toMatchObject({ state: 'unknown', reason: 'no database' })
  })

  test('a metric names its entities by a label', () => {
    const found = [
      { labels: { account: 'a' }, value: 3 },
      { labels: { account: 'b' }, value: 1 },
    ]
    expect(judgeEntities(breakingSeries({ by: 'account', above: 2 }, found)).entities).toEqual([
      'a',
    ])
    expect(breakingSeries({ by: undefined, below: 2 }, found)).toEqual(['1'])
  })
})
