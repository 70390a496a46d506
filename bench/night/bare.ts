import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnvironment } from '../../test/support/clean-environment.ts'
import { waitFor } from '../../test/support/wait.ts'
import type { Cards } from './cards.ts'
import { appFiles } from './delivered.ts'
import { type Address, ask } from './load.ts'
import { freePort, kill, roleOf } from './redis.ts'

/** The same app as plain processes: nothing watches it. */
export interface Bare {
  address: Address
  redisPort: number
  configuration: string
  restartRedis(): Promise<void>
  stop(): Promise<void>
}

export async function startBare(cards: Cards): Promise<Bare> {
  const redisPort = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-night-'))
  for (const [name, text] of Object.entries(appFiles(redisPort, cards)))
    await writeFile(join(folder, name), text)
  const configuration = join(folder, 'redis.conf')
  const port = await freePort()
  const env = {
    ...cleanEnvironment(),
    PORT: String(port),
    FAIRLEAD_DATA_DIR: folder,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    CARDS_URL: cards.url,
  }
  const run = (command: string, ...args: string[]) =>
    spawn(command, args, { cwd: folder, env, stdio: 'ignore' })
  const startRedis = () =>
    run('redis-server', configuration, '--dir', folder, '--port', String(redisPort))
  const answersRedis = () =>
    waitFor('Redis answers', () => roleOf(redisPort).then(Boolean, () => false))
  let database = startRedis()
  const web = run(process.execPath, 'server.js')
  const address = { port, host: 'localhost' }
  const stop = async (): Promise<void> => {
    await Promise.all([kill(web), kill(database)])
    await rm(folder, { recursive: true, force: true })
  }
  await answersRedis()
  await waitFor('the app answers', async () => (await ask(address, '/health')).status === 200)
  return {
    ...{ address, redisPort, configuration, stop },
    restartRedis: async () => {
      await kill(database)
      database = startRedis()
      await answersRedis()
    },
  }
}
