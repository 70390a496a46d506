import { setTimeout as pause } from 'node:timers/promises'
import { type Link, openLink } from './link.ts'
import { accounts, type Address, ask, type Load, startLoad } from './load.ts'
import { breakConfiguration, redis, type Replicas, resyncStorm, startReplicas } from './redis.ts'

/** The app under load, with replicas, and with a configuration that nobody has tried. */
export interface Evening {
  load: Load
  /** Cuts the network to the replicas; returns how many need all of the data at once. */
  loseNetwork(): Promise<number>
  end(): Promise<void>
}

interface Place {
  address: Address
  redisPort: number
  /** which Redis reads when it starts */
  configuration: string
}

export async function begin({ address, redisPort, configuration }: Place): Promise<Evening> {
  await openAccounts(address, redisPort)
  const link: Link = await openLink(redisPort)
  const replicas: Replicas = await startReplicas(link)
  breakConfiguration(configuration, redisPort)
  const load = startLoad(address)
  return {
    load,
    loseNetwork: () => resyncStorm(redisPort, link, replicas),
    end: async () => {
      load.stop()
      // Requests in flight.
      await pause(200)
      await replicas.stop()
      link.close()
    },
  }
}

/** All accounts with a balance; three are low, and are recharged soon, as on any evening. */
async function openAccounts(address: Address, redisPort: number): Promise<void> {
  for (const { name } of accounts) {
    const { status, text } = await ask(address, `/open/${name}`, 'POST')
    if (status !== 200) throw new Error(`the app answers ${status}: ${text}`)
  }
  for (const { name } of accounts.slice(0, 3))
    await redis(redisPort, 'SET', `balance:${name}`, '550')
}
