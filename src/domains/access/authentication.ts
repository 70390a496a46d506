import { narrow, type Grants } from '#contract/access/grants.ts'
import type { By } from '#contract/event/event.ts'
import type { Caller } from '#contract/handler.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { type Credentials, cookieOf, sessionCookie, tokenOf } from './credentials.ts'
import type { Guard } from './guard.ts'
import { hashOf } from './secret.ts'
import { useSession } from './session-store.ts'
import { useToken } from './token-store.ts'

/**
 * Milliseconds for which an answer of the database is reused. A revoked credential or a removed
 * role has effect after at most this time.
 */
const cacheMs = 500
const maxCached = 1000

/** A caller without the address of one request. */
type CachedCaller = Omit<Caller, 'by'> & { by: Omit<By, 'address'> }

export interface AuthenticationOptions {
  db: Database
  now(): number
  guard: Guard
  /** the grants of a user: their own and those of their groups */
  grantsOf(user: Grants & { groups: string[] }): Grants
}

export type Authentication = ReturnType<typeof createAuthentication>

/** Finds the caller that a token or a session belongs to. */
export function createAuthentication({ db, now, guard, grantsOf }: AuthenticationOptions) {
  const cache = new Map<string, { caller: CachedCaller; until: number }>()

  const load = (
    kind: 'token' | 'session',
    hash: string,
    address: string,
  ): Promise<CachedCaller | null> =>
    kind === 'token'
      ? callerOfToken(db, grantsOf, hash)
      : callerOfSession(db, grantsOf, hash, address)

  /** The caller of a credential; null when it is not valid. */
  const find = async (
    kind: 'token' | 'session',
    secret: string,
    address: string,
  ): Promise<Caller | null> => {
    const hash = hashOf(secret)
    const cached = cache.get(hash)
    const withAddress = (caller: CachedCaller): Caller => ({
      ...caller,
      by: { ...caller.by, address },
    })
    if (cached && cached.until > now()) return withAddress(cached.caller)
    const caller = await load(kind, hash, address)
    cache.delete(hash)
    if (!caller) return null
    if (cache.size > maxCached) cache.clear()
    cache.set(hash, { caller, until: now() + cacheMs })
    return withAddress(caller)
  }

  return {
    find,
    /** The caller of a request; null when it has no credential, or one that is not valid. */
    authenticate: async (credentials: Credentials): Promise<Caller | null> => {
      const { address } = credentials
      const token = tokenOf(credentials.authorization)
      if (token !== null)
        return guard.attempt(credentials, 'token', () => find('token', token, address))
      const session = cookieOf(credentials.cookie, sessionCookie)
      return session === null ? null : find('session', session, address)
    },
    /** Makes this server forget cached callers after a change of users, tokens or sessions. */
    clearCache: (): void => cache.clear(),
  }
}

type GrantsOf = AuthenticationOptions['grantsOf']

async function callerOfToken(
  db: Database,
  grantsOf: GrantsOf,
  hash: string,
): Promise<CachedCaller | null> {
  const token = await useToken(db, hash)
  if (!token) return null
  const { user, id, name, role, apps } = token
  const limited = narrow(user ? grantsOf(user) : { role: 'admin', apps: {} }, { role, apps })
  return {
    ...limited,
    name: user?.name ?? name,
    email: user?.email ?? null,
    user: user?.id ?? null,
    session: null,
    isLimited: apps !== null,
    by: id.startsWith('local-') ? { credential: 'machine' } : { credential: 'token', name },
  }
}

async function callerOfSession(
  db: Database,
  grantsOf: GrantsOf,
  hash: string,
  address: string,
): Promise<CachedCaller | null> {
  const session = await useSession(db, { hash, address })
  if (!session) return null
  const { id, name, email } = session.user
  return {
    ...grantsOf(session.user),
    name,
    email,
    user: id,
    session: session.id,
    isLimited: false,
    by: { credential: 'session' },
  }
}
