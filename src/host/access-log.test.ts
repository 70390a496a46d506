import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { edgeHost, TestEdge } from '../../test/support/edge.ts'
import { AccessLog } from './access-log.ts'
import { edgeRulesOf } from './edge/rules.ts'
import { traceOf } from './edge/trace.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'fairlead-access-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'shop', 'production.log')
const lines = (): Record<string, unknown>[] =>
  readFileSync(file(), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const open = () => new AccessLog({ folder, log: () => undefined })

test.each([false, true])(
  'has each request without secrets (isThorough: %s)',
  async (isThorough) => {
    const access = open()
    const tried = await new TestEdge({ isThorough, access }).listen()
    const web = await tried.echo()
    const rules = edgeRulesOf({ log: true, trace: 1 })
    tried.set({ release: 7, services: [{ name: 'web', ports: [web] }], rules })
    const sent = { authorization: 'Bearer s3cret', cookie: 'a=s3cret', 'user-agent': 'curl' }
    const { text } = await tried.ask('/orders?token=s3cret', { headers: sent })
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const traceparent = `00-${trace}-b7ad6b7169203331-00`
    const passed = await tried.ask('/', { headers: { traceparent } })
    expect(passed.text).toContain(traceparent)
    tried.set({ release: 8, services: [{ name: 'web', ports: [1] }], rules })
    await tried.ask('/gone')
    await tried.close()
    const [first, second, third] = lines()
    expect(first).toMatchObject({
      ...{ 'client.address': '127.0.0.1', 'http.request.method': 'GET', 'url.scheme': 'http' },
      ...{ 'server.address': edgeHost, 'url.path': '/orders', 'user_agent.original': 'curl' },
      ...{ 'http.response.status_code': 200, 'service.name': 'web', 'fairlead.release': 7 },
    })
    expect(text).toContain(`00-${String(first?.['trace_id'])}-`)
    expect(second?.['trace_id']).toBe(trace)
    expect(third).toMatchObject({ 'error.type': 'refused', 'fairlead.release': 8 })
    expect(readFileSync(file(), 'utf8')).not.toContain('s3cret')
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  },
)

test('uses limited disk space, and goes with its environment', async () => {
  const access = open()
  access.write('shop', 'production', { first: true })
  await access.flush()
  writeFileSync(file(), 'x'.repeat(16_000_000))
  access.write('shop', 'production', { second: true })
  await access.flush()
  expect(statSync(`${file()}.1`).size).toBe(16_000_000)
  expect(lines()).toEqual([{ second: true }])
  for (let i = 0; i < 5; i += 1) access.write('shop', 'production', { text: 'x'.repeat(1_500_000) })
  await access.flush()
  expect(lines().at(-1)).toEqual({ 'fairlead.lost': 3 })
  access.remove('shop', 'production')
  await expect.poll(() => statSync(file(), { throwIfNoEntry: false })).toBeUndefined()
})

test('a trace is passed when it is valid, and begun otherwise', () => {
  const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  expect(traceOf(valid, 1, Math.random)).toEqual({ id: valid.slice(3, 35), header: null })
  expect(traceOf('', null, Math.random)).toBeNull()
  for (const wrong of [
    '',
    'x',
    valid.replace(/^00/, 'ff'),
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
  ])
    expect(traceOf(wrong, 0.5, () => 0.4)?.header).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/)
  expect(traceOf('', 0.5, () => 0.6)?.header).toMatch(/-00$/)
})
