import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { longTest } from './support/scale.ts'

const server = `
require('node:http')
  .createServer((request, response) => response.end('ok'))
  .listen(process.env.PORT, '127.0.0.1')
`

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({
    'server.js': server,
    'fairlead.yaml': 'services: {web: {run: exec node server.js, health: /}}\n',
  })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

/** A process and all below it, which may be in a namespace of their own. */
const descendantsOf = (pid: number): number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(descendantsOf)]
}

longTest('a service that hangs raises an alert without a single request', async () => {
  const { client } = installation
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  const reachable = async () =>
    (await client.listMonitors({ query: { app: 'shop' } })).monitors.find(
      ({ kind }) => kind === 'reachable',
    )
  await waitFor('the monitor', async () => (await reachable())?.state === 'up')
  const place = { params: { app: 'shop', environment: 'production' } }
  const pid = (await client.getEnvironment(place)).instances[0]?.pid
  expect(pid).toBeGreaterThan(1)
  const processes = descendantsOf(pid!)
  for (const one of processes) process.kill(one, 'SIGSTOP')
  const began = Date.now()
  const alerts = async () => (await client.listAlerts({ query: {} })).alerts
  await waitFor('the alert', async () => (await alerts())[0]?.state === 'open', 90)
  expect((await alerts())[0]).toMatchObject({ service: 'web' })
  expect((await reachable())?.reason).toContain('its instance does not answer')
  expect(Date.now() - began).toBeLessThan(60_000)
  for (const one of processes) process.kill(one, 'SIGCONT')
  await waitFor('the end', async () => (await alerts())[0]?.state === 'resolved', 60)
})
