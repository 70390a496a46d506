import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { type Database, isDatabaseAway, type Row } from './postgres.ts'
import type { Statement } from './sql.ts'

/** Milliseconds; PostgreSQL needs seconds to recover after a kill. */
const patience = 30_000
const longestPause = 1000
/** Milliseconds; below the timeout of a background job, of five minutes. */
const recordPatience = 240_000

/**
 * Repeats work that may run twice while the database goes away, for at most half a minute or the
 * given time in milliseconds. Throws the last error then, and every other error at once.
 */
export async function untilBack<T>(
  log: Pick<Logger, 'warn'> | null,
  work: () => Promise<T>,
  longest = patience,
): Promise<T> {
  const deadline = performance.now() + longest
  for (let pause = 50; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() + pause > deadline) throw error
      log?.warn('the database went away; trying again', { error: (error as Error).message })
      await sleep(pause)
    }
  }
}

/**
 * Records what was done outside, such as a message that was sent, also if the database is away for
 * up to four minutes: what is not recorded would be done again.
 */
export const untilRecorded = (db: Database, statements: readonly Statement[]): Promise<Row[][]> =>
  untilBack(null, () => db.batch(statements), recordPatience)
