import { type Grants, union } from '#contract/access/grants.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { createAuthentication } from './authentication.ts'
import { createGuard } from './guard.ts'
import { createLinks } from './links.ts'
import { grantsOfGroups } from './provider-settings.ts'
import { createRefusals } from './refusals.ts'
import { createSessions } from './sessions.ts'
import { type ConfiguredProvider, createSignIn } from './sign-in.ts'
import { createTokens } from './tokens.ts'
import { createUsers } from './users.ts'

export interface AccessOptions {
  db: Database
  log: Logger
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
  /** null when users sign in by links only */
  provider: ConfiguredProvider | null
}

export type Access = ReturnType<typeof createAccess>

/** Users, and what they sign in with: sessions, by links or a provider, and tokens. */
export function createAccess({ db, log, now, random, publicUrl, provider }: AccessOptions) {
  const grantsOf = ({ role, apps, groups }: Grants & { groups: string[] }): Grants =>
    union({ role, apps }, grantsOfGroups(provider?.settings ?? null, groups))
  const refusals = createRefusals({ db, log })
  const guard = createGuard({ now, refusals })
  const authentication = createAuthentication({ db, now, guard, grantsOf })
  const { authenticate, clearCache } = authentication
  const users = createUsers({ db, grantsOf, clearCache })
  const sessions = createSessions({ db, random, authentication })
  return {
    authenticate,
    users,
    tokens: createTokens({ db, now, random, clearCache }),
    links: createLinks({ db, now, random, publicUrl, users }),
    sessions,
    signIn: createSignIn({ db, provider, guard, users, sessions, grantsOf }),
    refusals,
  }
}
