import { FairleadError } from '#contract/errors.ts'
import type { StepContext } from '#engine/workflow.ts'

const pauseMs = 50

/**
 * Asks a target again while it does not answer, at most so long: a host that is restarted is back within a second, sooner
 * than the engine's back-off would look again. Safe because every call of a target may be repeated.
 */
export async function patiently<T>(
  step: Pick<StepContext, 'signal'>,
  call: () => Promise<T>,
  longest = 30_000,
): Promise<T> {
  const until = performance.now() + longest
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof FairleadError) || error.code !== 'unavailable' || performance.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    if (step.signal.aborted) throw step.signal.reason
  }
}
