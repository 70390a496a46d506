import type { SignInProblem } from '#contract/access/access.ts'
import { FairleadError } from '#contract/errors.ts'
import type { By } from '#contract/event/event.ts'
import type { Origin } from './credentials.ts'
import { createLimiter } from './limiter.ts'
import type { Refusals } from './refusals.ts'

export type Guard = ReturnType<typeof createGuard>

/** Limits attempts to sign in per address, and records each refused one in the event log. */
export function createGuard({ now, refusals }: { now(): number; refusals: Refusals }) {
  const guesses = createLimiter({ now, attempts: 20, perMs: 60_000 })
  // The answer of a provider cannot be guessed; this limit only prevents floods.
  const providerFailures = createLimiter({ now, attempts: 60, perMs: 60_000 })

  const refuse = (
    origin: Origin,
    credential: By['credential'],
    why: SignInProblem,
  ): Promise<void> =>
    refusals.record({
      type: 'dev.cdeventsx.fairlead-session.refused',
      subject: 'session',
      chain: 'server',
      actor: { name: 'nobody', by: { credential, address: origin.address } },
      data: { why },
    })

  return {
    /**
     * Returns the result of `find`. Null counts as a failed guess and is recorded; while the
     * address has to wait, it throws `too_many` instead. A valid credential is never refused:
     * others at the same address, such as the steps of an app, may be the ones that guess.
     */
    attempt: async <T>(
      origin: Origin,
      credential: 'token' | 'link',
      find: () => Promise<T | null>,
    ): Promise<T | null> => {
      const found = await find()
      if (found !== null) return found
      const wait = guesses.waitSeconds(origin.address)
      if (wait > 0) throw new FairleadError('too_many', { seconds: wait })
      guesses.recordFailure(origin.address)
      await refuse(origin, credential, 'unknown')
      return null
    },
    refuse,
    /** Records that a sign-in through the provider failed. */
    refuseProvider: async (origin: Origin, why: SignInProblem): Promise<void> => {
      if (why !== 'unreachable') providerFailures.recordFailure(origin.address)
      await refuse(origin, 'provider', why)
    },
    /** True while the address has to wait before its next sign-in through the provider. */
    mustWait: (address: string): boolean => providerFailures.waitSeconds(address) > 0,
  }
}
