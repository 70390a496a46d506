import { FairleadError } from '#contract/errors.ts'
import type { StepContext } from '#engine/workflow.ts'

const pauseMs = 50

/**
 * Asks a target again while it does not answer, at most so long: a host that is restarted is back
 * within a second, sooner than the engine's back-off would look again. Safe because every call of a
 * target may be repeated.
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

/** Waits; ends at once, by a throw of the signal's reason, when the step is to stop. */
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
