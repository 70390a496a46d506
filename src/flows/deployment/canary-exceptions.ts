import type { ExceptionReading } from '#contract/verdict/verdict.ts'
import { type CountedError, exceptionsSince } from '#domains/verdict/exceptions-since.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { countExceptions } from '#views/canary-exceptions.ts'
import type { PlannedDeployment } from './planned-deployment.ts'

/**
 * Reads what both releases of a canary threw since the last call; null for nothing. The first call
 * only notes what was there before.
 */
export function exceptionReader(
  { db, clock }: Pick<Dependencies, 'db' | 'clock'>,
  { app, environment, release }: Pick<PlannedDeployment, 'app' | 'environment' | 'release'>,
  former: { release: number },
  since: string,
): () => Promise<ExceptionReading | null> {
  let before: CountedError[] | null = null
  return async () => {
    const now = await countExceptions(db, {
      ...{ app, environment, since },
      ...{ baseline: former.release, canary: release },
    })
    const reading = before === null ? null : exceptionsSince(before, now, clock.now())
    before = now
    return reading
  }
}
