import { may } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { prefixProblem } from './prefixes.ts'
import { changePrefixes, listPrefixes } from './prefix-store.ts'

export interface PrefixOptions {
  db: Database
  getApp(name: string): Promise<unknown>
}

/** The endpoints of the places that the secrets of an app may be read from. */
export function prefixHandlers({
  db,
  getApp,
}: PrefixOptions): SomeHandlers<'listSecretPrefixes' | 'changeSecretPrefixes'> {
  const mustBeThere = async (app: string): Promise<void> => {
    if (!(await getApp(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  return {
    listSecretPrefixes: async ({ params: { app } }) => {
      await mustBeThere(app)
      return { prefixes: await listPrefixes(db, app) }
    },
    changeSecretPrefixes: async ({ params: { app }, body }, caller) => {
      // The places of one app may hold the secrets of another, so the role for one is too little.
      if (!may(caller, 'admin', null))
        throw new FairleadError('not_allowed', {
          needed: 'admin for all apps',
          have: caller.role ?? 'none',
        })
      await mustBeThere(app)
      const now = await listPrefixes(db, app)
      const has = (wanted: string): boolean => now.some(({ prefix }) => prefix === wanted)
      for (const prefix of body.allow) {
        const problem = prefixProblem(prefix)
        if (problem !== null) throw new FairleadError('invalid_input', { field: 'allow', problem })
      }
      const missing = body.remove.find((prefix) => !has(prefix))
      if (missing !== undefined)
        throw new FairleadError('not_found', { kind: `allowed place of ${app}`, id: missing })
      const allowed = [...new Set(body.allow)].filter((prefix) => !has(prefix))
      const removed = [...new Set(body.remove)]
      if (allowed.length + removed.length > 0)
        await db.batch(changePrefixes(app, { allowed, removed }, caller))
      return { prefixes: await listPrefixes(db, app) }
    },
  }
}
