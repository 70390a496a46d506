import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Token } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { highestRole, may, narrow } from '#contract/access/grants.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { hashOf } from './hash.ts'
import * as store from './store.ts'

export interface TokensOptions {
  db: Database
  now(): number
  random(bytes: number): Buffer
  secret(prefix: string): string
  /** what was believed of callers is not true any more */
  forget(): void
}

/** Tokens, each of the user who made it. */
export function createTokens({ db, now, random, secret, forget }: TokensOptions) {
  return {
    /** One's own; with `all`, everybody's. */
    list: (caller: Caller, all: boolean): Promise<Token[]> =>
      all || caller.user !== null
        ? store.listTokens(db, all ? null : caller.user)
        : Promise.resolve([]),
    create: async (
      wanted: { name: string; role: Role; days?: number | undefined; apps?: string[] | undefined },
      caller: Caller,
    ): Promise<Token & { secret: string }> => {
      const problem = tooWide(wanted, caller)
      if (problem !== null) throw problem
      const text = secret('fl_')
      const id = `t-${random(6).toString('hex')}`
      const apps = wanted.apps ?? null
      const expires =
        wanted.days === undefined ? null : new Date(now() + wanted.days * 86_400_000).toISOString()
      const { name, role } = wanted
      await db.batch([
        store.insertToken({ id, hash: hashOf(text), name, role, apps, user: caller.user, expires }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-token.created',
          subject: `token/${id}`,
          chain: `token/${id}`,
          actor: caller,
          data: { name, role, apps, expires },
        }),
      ])
      const token = await store.getToken(db, id)
      if (!token) throw new FairleadError('not_found', { kind: 'token', id })
      const { owner: _, ...made } = token
      return { ...made, secret: text }
    },
    /** One's own, or, for an admin, any. What is another's is not said to be there. */
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
      forget()
    },
    /**
     * The admin token of this machine's user, in a file; made at the first start, and known again
     * after a restore.
     */
    ensureLocal: async (file: string): Promise<void> => {
      let text = readToken(file)
      if (text === null) {
        text = secret('fl_')
        writeFileSync(`${file}.draft`, `${text}\n`, { mode: 0o600 })
        renameSync(`${file}.draft`, file)
      }
      chmodSync(file, 0o600)
      const hash = hashOf(text)
      const id = `local-${hash.slice(0, 12)}`
      await db.batch([
        store.insertToken({
          id,
          hash,
          name: 'this machine',
          role: 'admin',
          apps: null,
          user: null,
          expires: null,
        }),
      ])
    },
  }
}

/**
 * Why somebody may not make such a token; null when they may. A token makes no tokens: it would
 * live on when the first one is revoked. What is made can do no more than its user anyway, at any
 * time; asking for more is a mistake that is better said now.
 */
function tooWide(
  wanted: { role: Role; apps?: string[] | undefined },
  caller: Caller,
): FairleadError | null {
  if (caller.by.credential === 'token') return new FairleadError('session_needed')
  const given = narrow(caller, { role: wanted.role, apps: wanted.apps ?? null })
  if (wanted.apps === undefined)
    return highestRole(given) === wanted.role
      ? null
      : new FairleadError('too_wide', { problem: `you are ${wanted.role} nowhere` })
  const app = wanted.apps.find((one) => !may(given, wanted.role, one))
  return app === undefined
    ? null
    : new FairleadError('too_wide', { problem: `you are not ${wanted.role} of ${app}` })
}

function readToken(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text.startsWith('fl_') && text.length > 20 ? text : null
  } catch {
    return null
  }
}
