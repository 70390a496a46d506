import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Token } from '#contract/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres.ts'
import * as store from './store.ts'
import { createLimiter } from './limiter.ts'

export interface AccessOptions {
  db: Database
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
}

export const sessionCookie = 'fairlead_session'
const sessionDays = 7
const linkMinutes = 15
/** How long an answer of the database is believed; a revoked token works at most this long. */
const cacheMs = 1000

/** What of a request says who asks. */
export interface Credentials {
  authorization?: string | undefined
  cookie?: string | undefined
  /** where the request comes from, to slow down who guesses */
  address: string
}

export type Access = ReturnType<typeof createAccess>

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Whether a caller may ask of an app, or, with null, of what belongs to none. */
export const mayReach = (caller: Caller, app: string | null): boolean =>
  caller.apps === undefined || (app !== null && caller.apps.includes(app))

/** Tokens for machines, one-time links and sessions for people. */
export function createAccess(options: AccessOptions) {
  const { db } = options
  const limiter = createLimiter({ now: options.now, tries: 20, perMs: 60_000 })
  const cache = new Map<string, { caller: Caller; until: number }>()
  const secret = (prefix: string): string => `${prefix}${options.random(32).toString('base64url')}`

  const lookUp = async (kind: 'token' | 'session', text: string): Promise<Caller | null> => {
    const hash = hashOf(text)
    const known = cache.get(hash)
    if (known && known.until > options.now()) return known.caller
    const caller = kind === 'token' ? await store.useToken(db, hash) : await store.useSession(db, hash, sessionDays)
    cache.delete(hash)
    if (caller) {
      if (cache.size > 1000) cache.clear()
      cache.set(hash, { caller, until: options.now() + cacheMs })
    }
    return caller
  }

  const guarded = async (address: string, check: () => Promise<Caller | null>): Promise<Caller | null> => {
    const wait = limiter.waitSeconds(address)
    if (wait > 0) throw new FairleadError('too_many', { seconds: wait })
    const caller = await check()
    if (!caller) limiter.miss(address)
    return caller
  }

  return {
    /** Who asks; null when nobody signed in, or with something that is not known. */
    authenticate: async (credentials: Credentials): Promise<Caller | null> => {
      const token = tokenOf(credentials.authorization)
      if (token !== null) return guarded(credentials.address, () => lookUp('token', token))
      const session = cookieOf(credentials.cookie, sessionCookie)
      return session === null ? null : lookUp('session', session)
    },
    createLink: async (name: string, role: Role): Promise<{ url: string; expires: string }> => {
      const code = secret('')
      const expires = new Date(options.now() + linkMinutes * 60_000).toISOString()
      await db.batch([store.insertLink({ hash: hashOf(code), name, role, expires })])
      return { url: `${options.publicUrl}/sign-in?code=${code}`, expires }
    },
    /** Exchanges a code for a session that did not exist before; answers its secret for the cookie. */
    createSession: async (code: string, address: string): Promise<{ caller: Caller; session: string }> => {
      const caller = await guarded(address, () => store.takeLink(db, hashOf(code)))
      if (!caller) throw new FairleadError('link_used')
      const session = secret('')
      await db.batch([
        store.insertSession({ hash: hashOf(session), ...caller, days: sessionDays }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-session.created',
          subject: `user/${caller.name}`,
          chain: `user/${caller.name}`,
          actor: caller.name,
          data: { role: caller.role },
        }),
      ])
      return { caller, session }
    },
    deleteSession: async (cookie: string | undefined): Promise<void> => {
      const session = cookieOf(cookie, sessionCookie)
      if (session === null) return
      cache.delete(hashOf(session))
      await db.batch([store.deleteSession(hashOf(session))])
    },
    listTokens: () => store.listTokens(db),
    createToken: async (
      wanted: { name: string; role: Role; days?: number | undefined; apps?: string[] | undefined },
      actor: string,
    ): Promise<Token & { secret: string }> => {
      const text = secret('fl_')
      const id = `t-${options.random(6).toString('hex')}`
      const apps = wanted.apps ?? null
      const expires =
        wanted.days === undefined ? null : new Date(options.now() + wanted.days * 86_400_000).toISOString()
      await db.batch([
        store.insertToken({ id, hash: hashOf(text), name: wanted.name, role: wanted.role, apps, expires }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-token.created',
          subject: `token/${id}`,
          chain: `token/${id}`,
          actor,
          data: { name: wanted.name, role: wanted.role, apps, expires },
        }),
      ])
      const token = await store.getToken(db, id)
      if (!token) throw new FairleadError('not_found', { kind: 'token', id })
      return { ...token, secret: text }
    },
    deleteToken: async (id: string, actor: string): Promise<void> => {
      const token = await store.getToken(db, id)
      if (!token) throw new FairleadError('not_found', { kind: 'token', id })
      cache.clear()
      await db.batch([
        store.deleteToken(id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-token.revoked',
          subject: `token/${id}`,
          chain: `token/${id}`,
          actor,
          data: { name: token.name },
        }),
      ])
    },
    /** The admin token of this machine's user, in a file; made at the first start, and known again after a restore. */
    ensureLocalToken: async (file: string): Promise<void> => {
      let text = readToken(file)
      if (text === null) {
        text = secret('fl_')
        writeFileSync(`${file}.draft`, `${text}\n`, { mode: 0o600 })
        renameSync(`${file}.draft`, file)
      }
      chmodSync(file, 0o600)
      const hash = hashOf(text)
      await db.batch([
        store.insertToken({
          id: `local-${hash.slice(0, 12)}`,
          hash,
          name: 'this machine',
          role: 'admin',
          apps: null,
          expires: null,
        }),
      ])
    },
  }
}

function readToken(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text.startsWith('fl_') && text.length > 20 ? text : null
  } catch {
    return null
  }
}

/** `Bearer TOKEN`, or Basic with the token as the password, as git sends it. */
function tokenOf(authorization: string | undefined): string | null {
  const [scheme, rest] = authorization?.split(' ', 2) ?? []
  if (scheme?.toLowerCase() === 'bearer' && rest) return rest
  if (scheme?.toLowerCase() !== 'basic' || !rest) return null
  const text = Buffer.from(rest, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

function cookieOf(header: string | undefined, name: string): string | null {
  const pair = header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
  return pair ? pair.slice(name.length + 1) : null
}
