import { FairleadError } from '#contract/errors.ts'

/** Polls until it is true; a FairleadError counts as not yet. */
export async function waitFor(
  what: string,
  check: () => Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const started = performance.now()
  for (;;) {
    try {
      if (await check()) return
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
    }
    const waited = performance.now() - started
    if (waited > seconds * 1000) throw new Error(`This is not so after ${seconds} s: ${what}`)
    // Polling takes processor time from what is polled: less often, the longer it takes.
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, 20 + waited / 20)))
  }
}
