import type { Token } from '#contract/access/access.ts'
import { highestRole, may, narrow } from '#contract/access/grants.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { localToken } from './local-token.ts'
import { createSecret, hashOf } from './secret.ts'
import * as store from './token-store.ts'

export interface TokensOptions {
  db: Database
  now(): number
  random(bytes: number): Buffer
  /** makes this server forget cached callers */
  clearCache(): void
}

export interface WantedToken {
  name: string
  role: Role
  /** days until it expires; absent for one that does not expire */
  days?: number | undefined
  /** absent for all apps */
  apps?: string[] | undefined
}

/** Tokens. Each acts for the user who created it. */
export function createTokens({ db, now, random, clearCache }: TokensOptions) {
  return {
    /** The tokens of the caller, or all tokens. */
    list: async (caller: Caller, all: boolean): Promise<Token[]> =>
      all || caller.user !== null ? store.listTokens(db, all ? null : caller.user) : [],
    /** Creates a token and returns it with its secret, which is not stored. */
    create: async (wanted: WantedToken, caller: Caller): Promise<Token & { secret: string }> => {
      const problem = problemOf(wanted, caller)
      if (problem !== null) throw problem
      const { name, role, apps = null, days } = wanted
      const { user } = caller
      const secret = createSecret(random, 'fl_')
      const id = `t-${random(6).toString('hex')}`
      const expires = days === undefined ? null : new Date(now() + days * 86_400_000).toISOString()
      await db.batch([
        store.insertToken({ id, hash: hashOf(secret), name, role, apps, user, expires }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-token.created',
          subject: `token/${id}`,
          chain: `token/${id}`,
          actor: caller,
          data: { name, role, apps, expires },
        }),
      ])
      const stored = await store.getToken(db, id)
      if (!stored) throw new FairleadError('not_found', { kind: 'token', id })
      const { owner: _, ...token } = stored
      return { ...token, secret }
    },
    /**
     * Revokes a token of the caller, or, for an admin, any token. The answer does not reveal
     * whether another user has a token of that id.
     */
    remove: async (id: string, caller: Caller): Promise<void> => {
      const token = await store.getToken(db, id)
      const isOwn = token !== null && token.owner !== null && token.owner === caller.user
      if (!token || !(isOwn || may(caller, 'admin', null)))
        throw new FairleadError('not_found', { kind: 'token', id })
      await db.batch([
        store.deleteToken(id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-token.revoked',
          subject: `token/${id}`,
          chain: `token/${id}`,
          actor: caller,
          data: { name: token.name, ...(token.user === null ? {} : { user: token.user }) },
        }),
      ])
      clearCache()
    },
    /**
     * Stores the admin token of this machine, which the CLI reads from `file`. The file is created
     * at the first start; after a restore of the database its token is stored again.
     */
    ensureLocal: async (file: string): Promise<void> => {
      const hash = hashOf(localToken(file, () => createSecret(random, 'fl_')))
      const id = `local-${hash.slice(0, 12)}`
      const scope = { role: 'admin', apps: null, user: null, expires: null } as const
      await db.batch([store.insertToken({ id, hash, name: 'this machine', ...scope })])
    },
  }
}

/**
 * The error for a token that the caller must not create; null when they may. A token creates no
 * tokens, because these would outlive its revocation. A token can never do more than its user; a
 * request for more is refused so that the mistake is noticed.
 */
function problemOf(wanted: WantedToken, caller: Caller): FairleadError | null {
  if (caller.by.credential === 'token') return new FairleadError('session_needed')
  const given = narrow(caller, { role: wanted.role, apps: wanted.apps ?? null })
  if (wanted.apps === undefined)
    return highestRole(given) === wanted.role
      ? null
      : new FairleadError('too_wide', { problem: `you do not have the role ${wanted.role}` })
  const app = wanted.apps.find((name) => !may(given, wanted.role, name))
  return app === undefined
    ? null
    : new FairleadError('too_wide', {
        problem: `you do not have the role ${wanted.role} for ${app}`,
      })
}
