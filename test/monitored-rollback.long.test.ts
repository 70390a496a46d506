import { afterAll, beforeAll, expect } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { longTest } from './support/scale.ts'

/** Answers 200 to everything; only the text of the page says whether one can pay. */
const server = (page: string): string => `
require('node:http')
  .createServer((request, response) => response.end(${JSON.stringify(page)}))
  .listen(process.env.PORT, '127.0.0.1')
`
const file = `
services: {web: {run: exec node server.js}}
environments: {production: {watch: 90s}}
monitors: {checkout: {http: {url: /checkout, contains: Pay now}, every: 1s}}
`

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({ 'server.js': server('Pay now'), 'fairlead.yaml': file })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const monitor = async () =>
  (await installation.client.listMonitors({ query: { app: 'shop' } })).monitors.find(
    ({ name }) => name === 'checkout',
  )

longTest('a release that a monitor finds harmful is rolled back', async () => {
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  await waitFor('the page can be paid', async () => (await monitor())?.state === 'up')
  await repository.commit({ 'server.js': server('Nothing here') }, 'Lose the button')
  await push(installation, 'shop', repository)
  await waitFor('the monitor is down', async () => (await monitor())?.state === 'down', 60)
  const { client } = installation
  const deployments = async () =>
    (await client.listDeployments({ query: { app: 'shop', limit: 2 } })).deployments
  const newest = async () => (await deployments())[0]
  await waitFor('the rollback', async () => (await newest())?.kind === 'rollback', 120)
  await waitFor('the former release', async () => (await newest())?.state === 'live', 60)
  expect((await deployments())[1]?.reason).toContain('the monitor checkout found')
  await waitFor('the page can be paid again', async () => (await monitor())?.state === 'up', 60)
})
