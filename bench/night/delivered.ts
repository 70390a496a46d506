import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endedRun, push } from '../../test/support/app.ts'
import { type Installation, startInstallation } from '../../test/support/installation.ts'
import { signInAs } from '../../test/support/people.ts'
import { makeRepository } from '../../test/support/repository.ts'
import { startChannel } from '../channel.ts'
import type { Cards } from './cards.ts'
import type { Address } from './load.ts'

export const place = { app: 'prepaid', environment: 'production' }

/** The app in an installation of its own. */
export interface Delivered {
  installation: Installation
  address: Address
  redisPort: number
  /** which Redis reads when it starts */
  configuration: string
  /** the messages to Grace, who owns the recharge; times are in milliseconds since 1970 */
  pages(): { at: number; text: string }[]
  stop(): Promise<void>
}

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')

/** The files of the app, for a Redis port and a card processor. */
export function appFiles(redisPort: number, cards: Cards): Record<string, string> {
  const own = ['fairlead.yaml', 'package.json', 'redis.conf', 'server.js', 'uncredited.js']
  return {
    ...Object.fromEntries(own.map((name) => [name, read(`app/${name}`)])),
    'redis.js': read('../../examples/prepaid/src/redis.js'),
    'fairlead.yaml': read('app/fairlead.yaml')
      .replaceAll('REDIS_PORT', String(redisPort))
      .replace("'CARDS_URL'", `'${cards.url}'`),
  }
}

export async function deliver(redisPort: number, cards: Cards): Promise<Delivered> {
  const installation = await startInstallation()
  const channel = await startChannel()
  const repository = await makeRepository(appFiles(redisPort, cards))
  const stop = async (): Promise<void> => {
    channel.close()
    await installation.stop()
    await repository.remove()
  }
  try {
    await addOwner(installation, channel.url)
    await push(installation, place.app, repository)
    const run = await endedRun(installation, 1)
    if (run.state !== 'succeeded') throw new Error(`the delivery ended as ${run.state}`)
  } catch (error) {
    await stop()
    throw error
  }
  const folder = join(installation.home, 'host/data', place.app, place.environment, 'redis')
  return {
    ...{ installation, redisPort, stop, configuration: join(folder, 'redis.conf') },
    address: { port: installation.edgePort, host: `${place.app}.production.localhost` },
    pages: () =>
      channel.received.map(({ at, text }) => ({ at: performance.timeOrigin + at, text })),
  }
}

/** Grace, whom the team of the recharge reaches at once. */
async function addOwner(installation: Installation, url: string): Promise<void> {
  const { client } = installation
  await signInAs(installation, 'Grace', 'developer')
  await client.putChannel({
    params: { channel: 'grace-phone' },
    body: { kind: 'slack', settings: { url }, person: 'Grace', urgency: 'high' },
  })
  const steps = [{ notify: ['person:Grace'], minutes: 5 }]
  await client.putTeam({ params: { team: 'payments' }, body: { steps } })
}
