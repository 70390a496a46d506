import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAlive } from './support/host.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processOf } from './support/processes.ts'
import { waitFor } from './support/wait.ts'

let installation: Installation
beforeAll(async () => void (installation = await startInstallation({ database: 'embedded' })))
afterAll(() => installation.stop())

/** Kills the database that runs `delay` milliseconds after one has appeared. */
async function killDatabase(delay: number): Promise<void> {
  for (let pid = 0; pid === 0; await sleep(2))
    pid = await processOf(installation, 'database').catch(() => 0)
  await sleep(delay)
  process.kill(await processOf(installation, 'database'), 'SIGKILL')
}

test('a server starts although its database is killed at any moment of the start', async () => {
  for (const delay of [0, 20, 60, 100, 150, 200, 300, 400, 600, 900]) {
    await installation.stopServer()
    await Promise.all([killDatabase(delay), installation.start()])
    await waitFor('the server answers after the kill', async () =>
      installation.client.listApps().then(
        ({ apps }) => apps.length === 0,
        () => false,
      ),
    )
    expect(isAlive(installation.pid())).toBe(true)
  }
})
