import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createApi } from '../src/api.js'
import { eventually, freePort, temporaryFolder } from './help.js'

const at = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))

function start(t, file, env, stderr = 'inherit') {
  const child = spawn(process.execPath, [at(file)], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', stderr] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function startWeb(t, env = {}) {
  const port = await freePort()
  const folder = temporaryFolder(t)
  const all = { PORT: String(port), FAIRLEAD_DATA_DIR: folder, FAIRLEAD_RELEASE: '42', FAIRLEAD_ENVIRONMENT: 'staging', FAIRLEAD_COMMIT: '<b>abc', ...env }
  const child = start(t, 'server.js', all)
  const base = `http://127.0.0.1:${port}`
  await eventually('the server answers', () => fetch(`${base}/health`))
  const call = async (path, body) => {
    const response = await fetch(base + path, body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
    return { status: response.status, body: await response.json() }
  }
  return { base, call, child, env: all }
}

test('accounts, top-ups and usage', async (t) => {
  const { call } = await startWeb(t)
  assert.equal((await call('/accounts', { id: 'ann' })).status, 201)
  assert.equal((await call('/accounts/ann/top-ups', { id: '1', amount: 300 })).body.balance, 300)
  assert.equal((await call('/accounts/ann/top-ups', { id: '1', amount: 300 })).body.balance, 300)
  assert.equal((await call('/accounts/ann/usage', { id: '1', amount: 120 })).body.balance, 180)
  assert.deepEqual(await call('/accounts/ann/usage', { id: '2', amount: 181 }), { status: 402, body: { error: 'The balance of ann is too low.' } })
  assert.equal((await call('/accounts/ann')).body.balance, 180)
  assert.equal((await call('/accounts')).body.accounts.length, 1)
})

test('bad requests get one clear sentence', async (t) => {
  const { call } = await startWeb(t)
  const cases = [
    ['/accounts', { id: '../x' }, 400],
    ['/accounts', 'no json', 400],
    ['/accounts', 'null', 400],
    ['/accounts', { id: 'a', recharge: { below: -1, amount: 1 } }, 400],
    ['/accounts/nobody/usage', { id: '1', amount: 1 }, 404],
    ['/accounts/nobody/usage', { id: '1', amount: 1.5 }, 400],
    ['/accounts/nobody/usage', { amount: 1 }, 400],
    ['/accounts', 'x'.repeat(20_000), 413],
    ['/nothing', undefined, 404],
    ['/accounts/nobody', undefined, 404],
  ]
  for (const [path, body, status] of cases) {
    const answer = await call(path, body)
    assert.equal(answer.status, status, path)
    assert.match(answer.body.error, /\.$/)
  }
})

test('the page says which release it is, and nothing from outside becomes markup', async (t) => {
  const { base, call } = await startWeb(t)
  const html = await (await fetch(base)).text()
  assert.match(html, /release <b>42<\/b>/)
  assert.match(html, /staging/)
  assert.ok(!html.includes('<b>abc'))
  assert.deepEqual((await call('/totals')).body, { environment: 'staging', release: '42', commit: '<b>abc', store: 'file', accounts: 0, balance: 0, used: 0, recharges: 0 })
})

test('a store that can only be read is unhealthy', async (t) => {
  const store = { kind: 'redis', probe: async () => { throw new Error('READONLY You cannot write') } }
  const server = createApi(store, { environment: 'x', release: '1', commit: '' }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${server.address().port}/health`)
  assert.equal(response.status, 503)
  assert.deepEqual(await response.json(), { status: 'unhealthy', store: 'redis', reason: 'READONLY You cannot write' })
})

test('a Redis that is not there is unhealthy, and nothing is guessed', async (t) => {
  const { call } = await startWeb(t, { REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
  assert.equal((await call('/health')).status, 503)
  assert.equal((await call('/accounts/ann')).status, 503)
})

test('the worker recharges an account that ran low, and the smoke test passes', async (t) => {
  const { base, call, env } = await startWeb(t)
  start(t, 'worker.js', { ...env, RECHARGE_INTERVAL_MS: '20' })
  await call('/accounts', { id: 'ann', recharge: { below: 100, amount: 500 } })
  await eventually('the recharge', async () => (await call('/accounts/ann')).body.balance === 500)
  const smoke = start(t, 'smoke.js', { FAIRLEAD_URL: base, FAIRLEAD_RELEASE: '42' })
  assert.deepEqual(await once(smoke, 'exit'), [0, null])
  const again = start(t, 'smoke.js', { FAIRLEAD_URL: `${base}/nothing` }, 'ignore')
  assert.notDeepEqual(await once(again, 'exit'), [0, null])
})

test('SIGTERM lets requests in flight end', async (t) => {
  const { base, child } = await startWeb(t)
  const slow = request(`${base}/accounts`, { method: 'POST' })
  const answered = once(slow, 'response')
  slow.write('{"id":')
  await eventually('the connection', async () => (slow.socket?.bytesWritten ?? 0) > 0)
  child.kill('SIGTERM')
  await eventually('it listens no more', async () => !(await fetch(`${base}/health`).then(() => true, () => false)))
  slow.end('"late"}')
  assert.equal((await answered)[0].statusCode, 201)
  await eventually('it ends', async () => child.exitCode === 0)
})
