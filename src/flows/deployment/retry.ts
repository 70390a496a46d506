import { FairleadError } from '#contract/errors.ts'
import type { StepContext } from '#engine/workflow.ts'

const pauseMs = 50

/**
 * Repeats a call while the target is unavailable, for `longest` milliseconds at most. A restarted
 * host is back within a second, which is sooner than the next try of the engine. Every call of a
 * target can be repeated.
 */
export async function retryWhileUnavailable<T>(
  step: Pick<StepContext, 'signal'>,
  call: () => Promise<T>,
  longest = 30_000,
): Promise<T> {
  const until = performance.now() + longest
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (
        !(error instanceof FairleadError) ||
        error.code !== 'unavailable' ||
        performance.now() > until
      )
        throw error
    }
    await pause(step, pauseMs)
  }
}

/** Waits. Throws the reason of the signal as soon as the step must stop. */
export function pause(step: Pick<StepContext, 'signal'>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(step.signal.reason as Error)
    }
    const timer = setTimeout(() => {
      step.signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (step.signal.aborted) stop()
    else step.signal.addEventListener('abort', stop, { once: true })
  })
}
