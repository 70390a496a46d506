import { signInMinutes } from '#contract/access/access.ts'
import { highestRole, nothing, type Grants } from '#contract/access/grants.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { By } from '#contract/event/event.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Origin } from './credentials.ts'
import type { Guard } from './guard.ts'
import { redeemLink, redeemSignIn } from './link-store.ts'
import { SignInError, type Provider } from './provider.ts'
import { type Claims, isAllowed, type ProviderSettings } from './provider-settings.ts'
import { hashOf } from './secret.ts'
import type { Sessions, StartedSession } from './sessions.ts'
import type { Users } from './users.ts'

export interface ConfiguredProvider {
  settings: ProviderSettings
  client: Provider
}

export interface SignInOptions {
  db: Database
  /** null when users sign in by links only */
  provider: ConfiguredProvider | null
  guard: Guard
  users: Users
  sessions: Sessions
  grantsOf(user: Grants & { groups: string[] }): Grants
}

/** Starts sessions: by a one-time link, or by the answer of the OpenID provider. */
export function createSignIn(options: SignInOptions) {
  const { db, guard, users, sessions } = options
  return {
    /** Exchanges the code of a link for a session. Throws `link_used` when it is not valid. */
    byLink: async (code: string, origin: Origin): Promise<StartedSession> => {
      const link = await guard.attempt(origin, 'link', () => redeemLink(db, hashOf(code)))
      if (!link) throw new FairleadError('link_used')
      const by: By = { credential: 'link', address: origin.address }
      const user = await users.ensureForLink(link, by)
      if (user.isDisabled) {
        await guard.refuse(origin, 'link', 'disabled')
        throw new FairleadError('user_disabled', { name: user.name })
      }
      return sessions.start(user.name, { way: 'link' }, origin, user.statements)
    },
    /**
     * Exchanges an answer of the provider for a session. Throws a `SignInError` when the user may
     * not sign in, or the answer was used before.
     */
    byProvider: async (
      { claims, answer }: { claims: Claims; answer: string },
      origin: Origin,
    ): Promise<StartedSession> => {
      if (!options.provider) throw new SignInError('unreachable', 'there is no provider')
      const { settings, client } = options.provider
      if (!(await redeemSignIn(db, answer, signInMinutes)))
        throw new SignInError('expired', 'the answer was used before')
      if (!isAllowed(settings, claims))
        throw new SignInError('unknown', 'in none of the allowed domains or groups')
      const groups = claims.groups.filter((group) =>
        settings.roles.some((mapping) => mapping.group === group),
      )
      const { issuer } = client
      const user = await users.ensureForProvider(
        { issuer, subject: claims.subject, email: claims.email, groups },
        { names: claims.names, newcomer: newcomerOf(options, settings, groups) },
        { credential: 'provider', address: origin.address },
      )
      if (!user) throw new SignInError('unknown', 'neither added nor in a group with a role')
      if (user.isDisabled) throw new SignInError('disabled', `the user ${user.name} is disabled`)
      const method = { way: 'provider', data: { issuer, groups } } as const
      return sessions.start(user.name, method, origin, user.statements)
    },
    /** Records that a sign-in through the provider failed. */
    refuse: guard.refuseProvider,
    mustWait: guard.mustWait,
  }
}

/** The role that a user is added with on the first sign-in; null when they must not be added. */
function newcomerOf(
  { grantsOf }: SignInOptions,
  settings: ProviderSettings,
  groups: string[],
): { role: Role | null } | null {
  if (highestRole(grantsOf({ ...nothing, groups })) !== null) return { role: null }
  return settings.unknownRole === null ? null : { role: settings.unknownRole }
}
