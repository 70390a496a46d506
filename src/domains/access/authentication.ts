import { sessionCookie } from '#contract/access/access.ts'
import { narrow, type Grants } from '#contract/access/grants.ts'
import type { By } from '#contract/event/event.ts'
import type { Caller } from '#contract/handler.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { type Credentials, cookieOf, tokenOf } from './credentials.ts'
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

/** The two halves of a session: the value of its cookie, and the key of the console's origin. */
interface SessionSecrets {
  secret: string
  key: string
}

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

  /** The caller that `load` finds, for that address; null when the credential is not valid. */
  const find = async (
    id: string,
    address: string,
    load: () => Promise<CachedCaller | null>,
  ): Promise<Caller | null> => {
    const cached = cache.get(id)
    const withAddress = (caller: CachedCaller): Caller => ({
      ...caller,
      by: { ...caller.by, address },
    })
    if (cached && cached.until > now()) return withAddress(cached.caller)
    const caller = await load()
    cache.delete(id)
    if (!caller) return null
    if (cache.size > maxCached) cache.clear()
    cache.set(id, { caller, until: now() + cacheMs })
    return withAddress(caller)
  }
  const findToken = (token: string, address: string): Promise<Caller | null> => {
    const hash = hashOf(token)
    return find(hash, address, () => callerOfToken(db, grantsOf, hash))
  }
  const findSession = (session: SessionSecrets, address: string): Promise<Caller | null> => {
    const hashes = { hash: hashOf(session.secret), keyHash: hashOf(session.key) }
    return find(`${hashes.hash} ${hashes.keyHash}`, address, () =>
      callerOfSession(db, grantsOf, hashes, address),
    )
  }

  return {
    /** The caller of a session; null unless both halves belong to one open session. */
    findSession,
    /** The caller of a request; null when it has no credential, or one that is not valid. */
    authenticate: async (credentials: Credentials): Promise<Caller | null> => {
      const { address, sessionKey: key } = credentials
      const token = tokenOf(credentials.authorization)
      if (token !== null)
        return guard.attempt(credentials, 'token', () => findToken(token, address))
      const secret = cookieOf(credentials.cookie, sessionCookie)
      return secret === null || key === undefined ? null : findSession({ secret, key }, address)
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
  hashes: { hash: string; keyHash: string },
  address: string,
): Promise<CachedCaller | null> {
  const session = await useSession(db, { ...hashes, address })
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
