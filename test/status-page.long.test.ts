import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { server } from './support/canary.ts'
import { isAlive } from './support/host.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processOf } from './support/processes.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation({ database: 'embedded' })
  repository = await makeRepository({
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /health}}\n' +
      'environments: {production: {}}\n',
    'server.js': server('one'),
  })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

test('with server and database killed, the page answers, and is soon unknown', async () => {
  await push(installation, 'shop', repository)
  const [run] = (await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })).runs
  await endedRun(installation, run!.id)
  let address = ''
  await waitFor('the app is operational on the page', async () => {
    const answer = await installation.client.listStatusComponents()
    address = answer.address ?? ''
    return answer.components[0]?.state === 'operational'
  })
  const { port } = new URL(address)
  const read = async () => {
    const request = get({
      ...{ host: '127.0.0.1', port, path: '/api/v2/components.json', agent: false },
      headers: { host: `status.localhost:${port}` },
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return JSON.parse(await text(response)) as { components: { status: string }[] }
  }
  const database = await processOf(installation, 'database')
  await installation.killServer()
  process.kill(database, 'SIGKILL')
  const killed = Date.now()
  await waitFor('the database is gone', async () => !isAlive(database))
  expect((await read()).components[0]?.status).toBe('operational')
  await waitFor(
    'the page says unknown',
    async () => (await read()).components[0]?.status === 'unknown',
    90,
  )
  expect(Date.now() - killed).toBeLessThan(65_000)
}, 180_000)
