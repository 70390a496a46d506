import type { Session, SignInProblem } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor, By } from '#contract/event/event.ts'
import type { Caller } from '#contract/handler.ts'
import { highestRole, narrow, nothing, type Grants, union } from '#contract/access/grants.ts'
import type { EventData } from '#contract/events.ts'
import { appendEvent } from '#engine/events.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { hashOf } from './hash.ts'
import { createLimiter } from './limiter.ts'
import { type Provider, SignInError, signInMinutes } from './provider.ts'
import {
  type Claims,
  isWelcome,
  type ProviderSettings,
  grantsOfGroups,
} from './provider-settings.ts'
import { createRefusals } from './refusals.ts'
import * as store from './store.ts'
import { createTokens } from './tokens.ts'
import { seen } from './user-store.ts'
import { createUsers } from './users.ts'

export interface AccessOptions {
  db: Database
  log: Logger
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
  /** null when people sign in by links alone */
  provider: { settings: ProviderSettings; client: Provider } | null
}

export const sessionCookie = 'fairlead_session'
const sessionDays = 7
const linkMinutes = 15
/** Whom a link is for that names nobody: the first start makes one. */
const firstAdmin = 'admin'
/**
 * How long an answer of the database is believed: what was revoked, or a role that was taken, works
 * at most this long.
 */
const cacheMs = 500

/** What of a request says who asks, and from where. */
export interface Credentials extends Origin {
  authorization?: string | undefined
}

export interface Origin {
  cookie?: string | undefined
  /** where the request comes from, also to slow down who guesses */
  address: string
  /** what the browser calls itself */
  agent?: string | undefined
}

export type Access = ReturnType<typeof createAccess>

type Known = Omit<Caller, 'by'> & { by: Omit<By, 'address'> }

/** Users, and what they come in with: sessions by one-time links or a provider, and tokens. */
export function createAccess(options: AccessOptions) {
  const { db, provider } = options
  const limiter = createLimiter({ now: options.now, tries: 20, perMs: 60_000 })
  /**
   * Nothing can be guessed of an answer of the provider; those that fail only must not come in
   * floods.
   */
  const answers = createLimiter({ now: options.now, tries: 60, perMs: 60_000 })
  const refusals = createRefusals(options)
  const cache = new Map<string, { known: Known; until: number }>()
  const forget = (): void => cache.clear()
  const secret = (prefix: string): string => `${prefix}${options.random(32).toString('base64url')}`
  const grantsOf = ({ role, apps, groups }: Grants & { groups: string[] }): Grants =>
    union({ role, apps }, grantsOfGroups(provider?.settings ?? null, groups))
  const users = createUsers({ db, grantsOf, forget })
  const tokens = createTokens({ db, now: options.now, random: options.random, secret, forget })

  const knownByToken = async (hash: string): Promise<Known | null> => {
    const found = await store.useToken(db, hash)
    if (!found) return null
    const { holder, id, name, role, apps } = found
    const all: Grants = { role: 'admin', apps: {} }
    const credential = id.startsWith('local-') ? 'machine' : 'token'
    return {
      ...narrow(holder ? grantsOf(holder) : all, { role, apps }),
      name: holder?.name ?? name,
      email: holder?.email ?? null,
      user: holder?.user ?? null,
      session: null,
      isLimited: apps !== null,
      by: credential === 'machine' ? { credential } : { credential, name },
    }
  }

  const knownBySession = async (hash: string, address: string): Promise<Known | null> => {
    const found = await store.useSession(db, { hash, address, days: sessionDays })
    if (!found) return null
    const { name, email, user } = found.holder
    return {
      ...grantsOf(found.holder),
      name,
      email,
      user,
      session: found.id,
      isLimited: false,
      by: { credential: 'session' },
    }
  }

  const lookUp = async (
    kind: 'token' | 'session',
    text: string,
    address: string,
  ): Promise<Caller | null> => {
    const hash = hashOf(text)
    const cached = cache.get(hash)
    const withAddress = (known: Known): Caller => ({ ...known, by: { ...known.by, address } })
    if (cached && cached.until > options.now()) return withAddress(cached.known)
    const known = kind === 'token' ? await knownByToken(hash) : await knownBySession(hash, address)
    cache.delete(hash)
    if (!known) return null
    if (cache.size > 1000) cache.clear()
    cache.set(hash, { known, until: options.now() + cacheMs })
    return withAddress(known)
  }

  /** Counts what fails from an address, and lets it wait; what was refused is in the event log. */
  const guarded = async <T>(
    origin: Origin,
    credential: 'token' | 'link',
    check: () => Promise<T | null>,
  ): Promise<T | null> => {
    const wait = limiter.waitSeconds(origin.address)
    if (wait > 0) throw new FairleadError('too_many', { seconds: wait })
    const found = await check()
    if (found === null) {
      limiter.miss(origin.address)
      await refuse(origin, credential, 'unknown')
    }
    return found
  }

  const refuse = (
    origin: Origin,
    credential: By['credential'],
    why: SignInProblem,
  ): Promise<void> =>
    refusals.note({
      type: 'dev.cdeventsx.fairlead-session.refused',
      subject: 'session',
      chain: 'server',
      actor: { name: 'nobody', by: { credential, address: origin.address } },
      data: { why },
    })

  /**
   * Signs a user in; `before` is what belongs into the same transaction. The session that the
   * browser had ends.
   */
  const signIn = async (
    user: string,
    way: Session['way'],
    origin: Origin,
    before: Statement[],
    identity: { issuer?: string; groups?: string[] } = {},
  ): Promise<{ caller: Caller; session: string }> => {
    const session = secret('')
    const id = `s-${options.random(8).toString('hex')}`
    const former = cookieOf(origin.cookie, sessionCookie)
    const old = former === null ? null : await store.getSession(db, { hash: hashOf(former) })
    const actor = { name: user, by: { credential: way, address: origin.address } }
    const agent = origin.agent?.replace(/[^\x20-\x7e]/g, '').slice(0, 300) || null
    await db.batch([
      ...before,
      ...(old ? [store.deleteSession(old.id), ended(old.user, actor, { session: old.id })] : []),
      seen(user),
      store.insertSession(
        { id, hash: hashOf(session), way, days: sessionDays, address: origin.address, agent },
        user,
      ),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-session.created',
        subject: `user/${user}`,
        chain: `user/${user}`,
        actor,
        data: { session: id, way, ...identity },
      }),
    ])
    forget()
    const caller = await lookUp('session', session, origin.address)
    if (!caller) throw new FairleadError('user_disabled', { name: user })
    return { caller, session }
  }

  return {
    users,
    tokens,
    refusals,
    /** Who asks; null when nobody signed in, or with something that is not known. */
    authenticate: async (credentials: Credentials): Promise<Caller | null> => {
      const token = tokenOf(credentials.authorization)
      const { address } = credentials
      if (token !== null)
        return guarded(credentials, 'token', () => lookUp('token', token, address))
      const session = cookieOf(credentials.cookie, sessionCookie)
      return session === null ? null : lookUp('session', session, address)
    },
    createLink: async (
      wanted: { name: string; role?: Role | undefined },
      actor: Actor,
    ): Promise<{ url: string; expires: string }> => {
      const user = await users.find(wanted.name)
      if (user?.disabled) throw new FairleadError('user_disabled', { name: user.name })
      const code = secret('')
      const name = user?.name ?? wanted.name
      if (!user && wanted.role === undefined && name !== firstAdmin)
        throw new FairleadError('not_found', { kind: 'user', id: name })
      const role = wanted.role ?? (user ? null : 'admin')
      const expires = new Date(options.now() + linkMinutes * 60_000).toISOString()
      await db.batch([
        store.insertLink({ hash: hashOf(code), name, role, expires }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-link.created',
          subject: `user/${name}`,
          chain: `user/${name}`,
          actor,
          data: { name, ...(role === null ? {} : { role }), expires },
        }),
      ])
      return { url: `${options.publicUrl}/sign-in?code=${code}`, expires }
    },
    /**
     * Exchanges a code for a session that did not exist before; answers its secret for the cookie.
     */
    createSession: async (
      code: string,
      origin: Origin,
    ): Promise<{ caller: Caller; session: string }> => {
      const link = await guarded(origin, 'link', () => store.takeLink(db, hashOf(code)))
      if (!link) throw new FairleadError('link_used')
      const by: By = { credential: 'link', address: origin.address }
      const { name, before, isDisabled } = await users.ensure({ ...link, email: null }, by)
      if (isDisabled) {
        await refuse(origin, 'link', 'disabled')
        throw new FairleadError('user_disabled', { name })
      }
      return signIn(name, 'link', origin, before)
    },
    /** The same with what a provider says. Throws a SignInError when they may not come in. */
    createSessionBy: async (
      { claims, once }: { claims: Claims; once: string },
      origin: Origin,
    ): Promise<{ caller: Caller; session: string }> => {
      if (!provider) throw new SignInError('unreachable', 'there is no provider')
      const { settings, client } = provider
      if (!(await store.takeSignIn(db, once, signInMinutes)))
        throw new SignInError('expired', 'it was taken before')
      const groups = claims.groups.filter((group) =>
        settings.roles.some((one) => one.group === group),
      )
      const who = { issuer: client.issuer, subject: claims.subject, email: claims.email, groups }
      const by: By = { credential: 'provider', address: origin.address }
      const isInGroup = highestRole(grantsOf({ ...nothing, groups })) !== null
      const newcomer = isInGroup
        ? { role: null }
        : settings.unknown === null
          ? null
          : { role: settings.unknown }
      if (!isWelcome(settings, claims))
        throw new SignInError('unknown', 'not of the domains or groups that may come in')
      const found = await users.ensureOf(who, { names: claims.names, newcomer }, by)
      if (!found) throw new SignInError('unknown', 'neither added here nor in a group with a role')
      if (found.isDisabled) throw new SignInError('disabled', `the user ${found.name} is disabled`)
      return signIn(found.name, 'provider', origin, found.before, { issuer: client.issuer, groups })
    },
    /** A sign-in by the provider that came to nothing. */
    refuse: async (origin: Origin, why: SignInProblem): Promise<void> => {
      if (why !== 'unreachable') answers.miss(origin.address)
      await refuse(origin, 'provider', why)
    },
    /** Whether so many sign-ins by the provider failed from there that the next one has to wait. */
    mustWait: (address: string): boolean => answers.waitSeconds(address) > 0,
    listSessions: async (user: number, current: string | null): Promise<Session[]> =>
      (await store.listSessions(db, user)).map((one) => ({
        ...one,
        isCurrent: one.id === current,
      })),
    getSession: (id: string) => store.getSession(db, { id }),
    endSession: async (session: { id: string; user: string }, actor: Actor): Promise<void> => {
      await db.batch([
        store.deleteSession(session.id),
        ended(session.user, actor, { session: session.id }),
      ])
      forget()
    },
    endSessions: async (
      user: { id: number; name: string },
      except: string | null,
      actor: Actor,
    ): Promise<number> => {
      const open = (await store.listSessions(db, user.id)).filter(({ id }) => id !== except)
      if (open.length === 0) return 0
      await db.batch([
        store.deleteSessions(user.id, except),
        ended(user.name, actor, { sessions: open.length }),
      ])
      forget()
      return open.length
    },
  }
}

const ended = (
  user: string,
  actor: Actor,
  data: EventData<'dev.cdeventsx.fairlead-session.ended'>,
): Statement =>
  appendEvent({
    type: 'dev.cdeventsx.fairlead-session.ended',
    subject: `user/${user}`,
    chain: `user/${user}`,
    actor,
    data,
  })

/** `Bearer TOKEN`, or Basic with the token as the password, as git sends it. */
function tokenOf(authorization: string | undefined): string | null {
  const [scheme, rest] = authorization?.split(' ', 2) ?? []
  if (scheme?.toLowerCase() === 'bearer' && rest) return rest
  if (scheme?.toLowerCase() !== 'basic' || !rest) return null
  const text = Buffer.from(rest, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

export function cookieOf(header: string | undefined, name: string): string | null {
  const pair = header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
  return pair ? pair.slice(name.length + 1) : null
}
