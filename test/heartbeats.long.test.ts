import { afterAll, beforeAll, expect } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { longDescribe, longTest } from './support/scale.ts'
import { waitFor } from './support/wait.ts'

longDescribe('two installations', () => {
  let watcher: Installation
  let watched: Installation | null = null
  let repository: Repository
  beforeAll(async () => {
    watcher = await startInstallation()
    repository = await makeRepository({
      'fairlead.yaml':
        'steps: {test: "true"}\nenvironments: {production: {}}\n' +
        'monitors: {other: {heartbeat: {each: 1m, grace: 1m}, every: 1s}}\n',
    })
    await push(watcher, 'watch', repository)
    await endedRun(watcher, 1)
  })
  afterAll(async () => {
    await watched?.stop()
    await watcher.stop()
    await repository.remove()
  })

  const other = async () => {
    const { monitors } = await watcher.client.listMonitors({ query: { app: 'watch' } })
    return monitors.find(({ name }) => name === 'other')
  }
  const alertState = async () => (await watcher.client.listAlerts()).alerts[0]?.state

  longTest('one notices that the other one is killed, and that it is back', async () => {
    await waitFor('the monitor is known', async () => (await other()) !== undefined)
    const params = { app: 'watch', monitor: (await other())!.id }
    const { call } = await watcher.client.getMonitor({ params })
    expect((await other())?.state).toBe('unknown')
    watched = await startInstallation({
      env: { FAIRLEAD_HEARTBEAT_URL: call!, FAIRLEAD_HEARTBEAT_SECONDS: '1' },
    })
    await waitFor('the heartbeat arrives', async () => (await other())?.state === 'up')
    expect(await alertState()).toBeUndefined()
    await watched.killServer()
    await waitFor('the alert opens', async () => (await alertState()) === 'open', 180)
    expect((await other())?.state).toBe('down')
    await watched.start()
    await waitFor('the alert ends', async () => (await alertState()) === 'resolved')
  })
})
