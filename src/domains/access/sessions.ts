import { type Session, sessionCookie } from '#contract/access/access.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { Caller } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { Authentication } from './authentication.ts'
import { cookieOf, type Origin } from './credentials.ts'
import { createSecret, hashOf } from './secret.ts'
import * as store from './session-store.ts'
import { touchUser } from './user-store.ts'

export interface SessionsOptions {
  db: Database
  random(bytes: number): Buffer
  authentication: Authentication
}

export interface StartedSession {
  caller: Caller
  /** the value for the session cookie */
  secret: string
  /** the other half of the session, which only the origin of the console gets */
  key: string
}

/** How a user signed in. */
export interface SignInMethod {
  way: Session['way']
  /** details of a sign-in through the provider, for its event */
  data?: { issuer: string; groups: string[] }
}

export type Sessions = ReturnType<typeof createSessions>

/** The sessions of users in browsers. */
export function createSessions({ db, random, authentication }: SessionsOptions) {
  /** The statements that end the session that the browser has at present. */
  const replace = async (origin: Origin, actor: Actor): Promise<Statement[]> => {
    const secret = cookieOf(origin.cookie, sessionCookie)
    const old = secret === null ? null : await store.getSession(db, { hash: hashOf(secret) })
    return old ? [store.deleteSession(old.id), ended(old.user, actor, { session: old.id })] : []
  }
  const commit = async (statements: Statement[]): Promise<void> => {
    await db.batch(statements)
    authentication.clearCache()
  }
  return {
    /**
     * Starts a session of a user, in one transaction with `prepare`, which creates or updates the
     * user. The previous session of the browser ends.
     */
    start: async (
      user: string,
      { way, data }: SignInMethod,
      origin: Origin,
      prepare: Statement[],
    ): Promise<StartedSession> => {
      const [secret, key] = [createSecret(random), createSecret(random)]
      const id = `s-${random(8).toString('hex')}`
      const actor = { name: user, by: { credential: way, address: origin.address } }
      await commit([
        ...prepare,
        ...(await replace(origin, actor)),
        touchUser(user),
        store.insertSession(
          { id, hash: hashOf(secret), keyHash: hashOf(key), way, ...clientOf(origin) },
          user,
        ),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-session.created',
          subject: `user/${user}`,
          chain: `user/${user}`,
          actor,
          data: { session: id, way, ...data },
        }),
      ])
      const caller = await authentication.findSession({ secret, key }, origin.address)
      if (!caller) throw new FairleadError('user_disabled', { name: user })
      return { caller, secret, key }
    },
    /** The open sessions of a user; `current` is the id of the session of the caller. */
    list: async (user: number, current: string | null): Promise<Session[]> =>
      (await store.listSessions(db, user)).map((session) => ({
        ...session,
        isCurrent: session.id === current,
      })),
    get: (id: string) => store.getSession(db, { id }),
    end: ({ id, user }: { id: string; user: string }, actor: Actor): Promise<void> =>
      commit([store.deleteSession(id), ended(user, actor, { session: id })]),
    /** Ends the sessions of a user, except one; returns how many. */
    endAll: async (
      user: { id: number; name: string },
      except: string | null,
      actor: Actor,
    ): Promise<number> => {
      const open = (await store.listSessions(db, user.id)).filter(({ id }) => id !== except)
      if (open.length === 0) return 0
      await commit([
        store.deleteSessions(user.id, except),
        ended(user.name, actor, { sessions: open.length }),
      ])
      return open.length
    },
  }
}

const clientOf = ({ address, agent }: Origin): { address: string; agent: string | null } => ({
  address,
  agent: agent?.replace(/[^\x20-\x7e]/g, '').slice(0, 300) || null,
})

const ended = (
  user: string,
  actor: Actor,
  data: { session: string } | { sessions: number },
): Statement =>
  appendEvent({
    type: 'dev.cdeventsx.fairlead-session.ended',
    subject: `user/${user}`,
    chain: `user/${user}`,
    actor,
    data,
  })
