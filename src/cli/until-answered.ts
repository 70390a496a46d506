import { FairleadError } from '#contract/errors.ts'
import type { Context } from './context.ts'

/** Milliseconds for which an error inside the server counts as temporary. */
const internalMs = 60_000
const firstPause = 40
const longestPause = 500

/**
 * Repeats a request that only reads until the server answers it: a server that is away or restarts,
 * that waits for its database, or that has too many requests continues later. `onWait` is called
 * before the first pause. Null after Ctrl-C.
 */
export async function untilAnswered<T>(
  context: Context,
  request: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T | null> {
  const since = context.now()
  for (
    let pause = firstPause;
    !context.signal.aborted;
    pause = Math.min(pause * 1.3, longestPause)
  ) {
    try {
      return await request()
    } catch (error) {
      if (!isTemporary(error, context.now() - since)) throw error
      if (pause === firstPause) {
        onWait()
        if (!context.isJson())
          context.print(`${(error as Error).message} Waiting for it; no data is lost.`)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return null
}

const isTemporary = (error: unknown, elapsed: number): boolean =>
  error instanceof FairleadError &&
  (error.code === 'unavailable' ||
    error.code === 'too_many' ||
    (error.code === 'internal' && elapsed < internalMs))
