import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { isDatabaseAway } from './postgres.ts'

/** Milliseconds; PostgreSQL needs seconds to recover after a kill. */
const patience = 30_000
const longestPause = 1000

/**
 * Repeats work that may run twice while the database goes away, for at most half a minute. Throws
 * the last error then, and every other error at once.
 */
export async function untilBack<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patience
  for (let pause = 50; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() + pause > deadline) throw error
      log.warn('the database went away; trying again', { error: (error as Error).message })
      await sleep(pause)
    }
  }
}
