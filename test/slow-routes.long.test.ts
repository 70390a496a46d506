import { Agent, request } from 'node:http'
import { afterAll, beforeAll } from 'vitest'
import { ageWatches } from './support/aged-watch.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { longTest } from './support/scale.ts'
import { waitFor } from './support/wait.ts'

const usual = 100
const slow = 800
const server = `
let search = ${usual}
require('node:http')
  .createServer((request, response) => {
    if (request.url === '/slower') search = ${slow}
    const wait = request.url === '/search' ? search : request.url === '/home' ? ${usual} : 0
    setTimeout(() => response.end('ok'), wait)
  })
  .listen(process.env.PORT, '127.0.0.1')
`
/** Requests a second: the slow route is too quiet to make the service slow. */
const load = { '/home': 30, '/search': 1 }

let installation: Installation
let repository: Repository
const agent = new Agent({ keepAlive: true })
const timers: NodeJS.Timeout[] = []
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({
    'server.js': server,
    'fairlead.yaml': 'services: {web: {run: exec node server.js, health: /}}\n',
  })
})
afterAll(async () => {
  for (const timer of timers) clearInterval(timer)
  agent.destroy()
  await installation.stop()
  await repository.remove()
})

const ask = (path: string): void => {
  const headers = { host: 'shop.production.localhost' }
  request({ port: installation.edgePort, path, headers, agent }, (response) => response.resume())
    .on('error', () => undefined)
    .end()
}

longTest('a route that becomes slow raises an alert that names it', async () => {
  const { client } = installation
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  for (const [path, perSecond] of Object.entries(load))
    timers.push(setInterval(() => ask(path), 1000 / perSecond))
  const monitor = async (kind: string) =>
    (await client.listMonitors({ query: { app: 'shop' } })).monitors.find(
      (one) => one.kind === kind,
    )
  await waitFor('the service is watched', async () => (await monitor('latency'))?.state === 'up')
  await ageWatches(installation.connection, ['shop'], {
    ...{ seconds: 14 * 3600, load, milliseconds: usual, errors: 0.001 },
    routesKnown: 2 * 86_400,
  })
  await waitFor('the routes are', async () => (await monitor('slow-routes'))?.state === 'up', 60)
  ask('/slower')
  // On a busy machine, the service may be slow, too; then its alert contains the one of the route.
  await waitFor(
    'the monitor names the route',
    async () =>
      /^a request to \/search takes \d+ ms, usually \d+ ms/.test(
        (await monitor('slow-routes'))?.reason ?? '',
      ),
    120,
  )
  const titles = async () => {
    const { alerts } = await client.listAlerts({ query: {} })
    const details = await Promise.all(
      alerts.map(({ id }) => client.getAlert({ params: { alert: id } })),
    )
    return details.flatMap(({ sources }) => sources.map(({ title }) => title))
  }
  await waitFor('the alert', async () =>
    (await titles()).includes('web in production of shop is slow on some routes'),
  )
})
