import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

const server = `
require('node:http').createServer((asked, answer) =>
  answer.end(JSON.stringify({ service: process.env.FAIRLEAD_SERVICE, url: asked.url })),
).listen(process.env.PORT, '127.0.0.1')
`
const file = `
services:
  web: {run: exec node server.js, health: /}
  api: {run: exec node server.js, paths: {path: /api, strip: true}}
environments:
  production:
    edge:
      auth: PEOPLE
      redirects: [/old/* /new/:splat]
      response: {X-Frame-Options: DENY}
      log: true
`
let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({ 'server.js': server, 'fairlead.yaml': file })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const people = { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` }
const ask = (path: string, headers: Record<string, string> = people) =>
  new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const all = { host: 'shop.production.localhost', ...headers }
      const place = { host: '127.0.0.1', port: installation.edgePort, agent: false as const }
      const sent = request({ ...place, path, headers: all }, (answer) => {
        let text = ''
        answer.on('data', (bytes: Buffer) => (text += bytes.toString()))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        )
      })
      sent.on('error', reject)
      sent.end()
    },
  )

test('a secret that is not set fails the deployment in one sentence', async () => {
  await push(installation, 'shop', repository)
  const run = await endedRun(installation, 1)
  expect(JSON.stringify(run)).toContain('names the secret PEOPLE, which is not set')
})

test('the rules of fairlead.yaml hold at the edge', async () => {
  const hash = execFileSync('openssl', ['passwd', '-6', 'secret']).toString().trim()
  await installation.client.changeConfiguration({
    params: { app: 'shop', environment: 'production' },
    body: { secrets: { PEOPLE: `ann:${hash}` } },
  })
  await repository.commit({ 'more.txt': '' }, 'Deploy again')
  await push(installation, 'shop', repository)
  await waitFor('the environment answers', async () => (await ask('/')).status === 200, 120)
  expect((await ask('/', {})).status).toBe(401)
  expect(JSON.parse((await ask('/x?a=b')).text)).toEqual({ service: 'web', url: '/x?a=b' })
  const api = await ask('/api/orders')
  expect(JSON.parse(api.text)).toEqual({ service: 'api', url: '/orders' })
  expect(api.headers['x-frame-options']).toBe('DENY')
  const moved = await ask('/old/a')
  expect([moved.status, moved.headers['location']]).toEqual([301, '/new/a'])
  const log = join(installation.home, 'host/access/shop/production.log')
  const written = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  await waitFor('the access log', async () => written().includes('"/api/orders"'))
  expect(written()).not.toMatch(/secret|a=b/)
})
