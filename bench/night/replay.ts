import { setTimeout as pause } from 'node:timers/promises'
import { startBare } from './bare.ts'
import { type Charge, startCards } from './cards.ts'
import { type Delivered, deliver } from './delivered.ts'
import { begin } from './evening.ts'
import { type Forced, restartForced } from './forced.ts'
import { freePort } from './redis.ts'
import { type Refused, restartUnforced } from './refused.ts'

export interface Night {
  /** replicas that needed all of the data at once */
  resyncs: number
  /** charges before the restart: those of any evening */
  usual: number
  refused: Refused
  forced: Forced
}

/** Seconds that the parts take. */
export interface Durations {
  /** of load before the forced restart: errors need a minute of usual traffic to be found */
  usual: number
  /** that are watched after it */
  after: number
}

/** The app delivered by Fairlead: a restart that is refused, and then one that is forced. */
export async function replay(
  { usual, after }: Durations,
  look: (delivered: Delivered, night: Night) => Promise<void> = async () => undefined,
): Promise<Night> {
  const cards = await startCards()
  let delivered: Delivered | null = null
  try {
    delivered = await deliver(await freePort(), cards)
    const evening = await begin(delivered)
    const began = Date.now()
    const resyncs = await evening.loseNetwork()
    await pause(10_000)
    const refused = await restartUnforced(delivered, { cards, load: evening.load, seconds: 10 })
    await pause(Math.max(0, began + usual * 1000 - Date.now()))
    const before = cards.charges.length
    const forced = await restartForced(delivered, { cards, seconds: after })
    await evening.end()
    const night = { resyncs, usual: before, refused, forced }
    await look(delivered, night)
    return night
  } finally {
    await delivered?.stop()
    cards.close()
  }
}

/** The same app without Fairlead; returns the charges of the seconds after the restart. */
export async function replayBare(after: number): Promise<Charge[]> {
  const cards = await startCards()
  const bare = await startBare(cards)
  try {
    const evening = await begin(bare)
    await evening.loseNetwork()
    const before = cards.charges.length
    await bare.restartRedis()
    await pause(after * 1000)
    await evening.end()
    return cards.charges.slice(before)
  } finally {
    await bare.stop()
    cards.close()
  }
}
