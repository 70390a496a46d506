import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '#contract/client.ts'
import { selfCommand } from '#platform/self.ts'
import { cleanEnvironment } from './support/clean-environment.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { freePorts } from './support/ports.ts'
import { waitFor } from './support/wait.ts'

let installation: Installation
beforeAll(async () => void (installation = await startInstallation({ database: 'embedded' })))
afterAll(() => installation.stop())

/** Starts another server on the database of the installation. */
async function startSecond(home: string) {
  const port = await freePorts()
  const { host } = installation.connection
  const [command, ...args] = selfCommand('server', '--no-sample')
  const child = spawn(command, args, {
    env: {
      ...cleanEnvironment(),
      ...{ FAIRLEAD_HOME: home, FAIRLEAD_PORT: String(port) },
      FAIRLEAD_EDGE_PORT: String(installation.edgePort),
      DATABASE_URL: `postgres://fairlead@localhost/postgres?host=${encodeURIComponent(host)}`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { child, exited, url: `http://127.0.0.1:${port}`, output: () => output }
}

test('a server with another FAIRLEAD_HOME on the same database does not start', async () => {
  const other = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
  const second = await startSecond(other)
  expect(await second.exited).toBe(1)
  expect(second.output()).toMatch(/^fairlead server: A server on .* uses this database with anoth/)
  await rm(other, { recursive: true })
})

test('a server with the same FAIRLEAD_HOME takes over from one that is killed', async () => {
  const second = await startSecond(installation.home)
  const client = createClient({ base: second.url, token: installation.token })
  await waitFor('the second server answers', async () => (await client.health()).status === 'ok')
  await installation.killServer()
  const event = {
    ...{ routing_key: installation.token, event_action: 'trigger', dedup_key: 'one' },
    payload: { summary: 'it fails', source: 'here', severity: 'critical' },
  }
  await fetch(`${second.url}/v2/enqueue`, { method: 'POST', body: JSON.stringify(event) })
  await waitFor('the second server opens the alert', async () => {
    const { alerts } = await client.listAlerts()
    return alerts.length === 1
  })
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)
  await installation.start()
  expect((await installation.client.listAlerts()).alerts).toHaveLength(1)
})
