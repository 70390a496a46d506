import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '#contract/errors.ts'
import type { Cards } from './cards.ts'
import { type Delivered, place } from './delivered.ts'
import type { Load } from './load.ts'
import { roleOf } from './redis.ts'

/** What came of a restart that nobody forces. */
export interface Refused {
  /** what the person read who wanted it */
  answer: string
  /** milliseconds until that answer */
  took: number
  /** the role of Redis afterwards */
  role: string
  charges: number
  failedRequests: number
  pages: number
}

/** Restarts Redis as a person would, and looks at what happens in the seconds after it. */
export async function restartUnforced(
  { installation: { client }, redisPort, pages }: Delivered,
  { cards, load, seconds }: { cards: Cards; load: Load; seconds: number },
): Promise<Refused> {
  const before = { charges: cards.charges.length, pages: pages().length }
  const began = Date.now()
  const answer = await client
    .restartService({ params: place, body: { service: 'redis', reason: 'its load is high' } })
    .then(
      () => 'it restarted',
      (error: unknown) => (error instanceof FairleadError ? error.message : String(error)),
    )
  const took = Date.now() - began
  await pause(seconds * 1000)
  return {
    ...{ answer, took, role: await roleOf(redisPort) },
    charges: cards.charges.length - before.charges,
    failedRequests: load.asked.filter(({ at, status }) => at >= began && status >= 400).length,
    pages: pages().length - before.pages,
  }
}
