import { type Forge, type newForge, publicForges } from '#contract/forge/forge.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import type { z } from 'zod'
import { privateKeyOf } from './clients/github-app.ts'
import * as store from './store.ts'

export interface ForgeOptions {
  db: Database
  secrets: SecretBox
  getApp(name: string): Promise<unknown>
}

export function forgeHandlers(
  options: ForgeOptions,
): SomeHandlers<'getForge' | 'putForge' | 'deleteForge'> {
  const { db } = options
  const mustBeThere = async (app: string): Promise<void> => {
    if (!(await options.getApp(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  const about = (app: string, actor: Actor) => ({
    subject: `forge/${app}`,
    chain: `app/${app}`,
    app,
    actor,
  })
  return {
    getForge: async ({ params }) => {
      await mustBeThere(params.app)
      const [stored, reports] = await Promise.all([
        store.getForge(db, params.app),
        store.listReports(db, params.app, 50),
      ])
      return { forge: stored && toForge(stored), reports }
    },
    putForge: async ({ params: { app }, body }, caller) => {
      await mustBeThere(app)
      const { kind, repository, appId = null } = body
      const url = urlOf(body)
      const token = options.secrets.seal(store.sealedAs(app), tokenOf(body))
      await db.batch([
        ...store.putForge({ app, kind, url, repository, appId, token }),
        appendEvent({
          ...about(app, caller),
          type: 'dev.cdeventsx.fairlead-forge.created',
          data: { kind, url, repository },
        }),
      ])
      const stored = await store.getForge(db, app)
      if (!stored) throw new FairleadError('not_found', { kind: 'app', id: app })
      return toForge(stored)
    },
    deleteForge: async ({ params: { app } }, caller) => {
      if (!(await store.getForge(db, app)))
        throw new FairleadError('not_found', { kind: 'forge of', id: app })
      await db.batch([
        store.deleteForge(app),
        appendEvent({ ...about(app, caller), type: 'dev.cdeventsx.fairlead-forge.deleted' }),
      ])
      return { done: true }
    },
  }
}

const urlOf = ({ kind, url }: z.infer<typeof newForge>): string =>
  (url ?? publicForges[kind] ?? '').replace(/\/+$/, '')

/** Of an App the key, in the one form that signs everywhere. */
function tokenOf({ appId, token }: z.infer<typeof newForge>): string {
  if (appId === undefined) return token
  const key = privateKeyOf(token)
  if (key === null)
    throw new FairleadError('invalid_input', {
      field: 'body.token',
      problem: 'must be the private key of the App, the PEM file that GitHub gave for download',
    })
  return key
}

const toForge = ({
  app,
  kind,
  url,
  repository,
  appId,
  created,
  paused,
  problem,
}: store.StoredForge): Forge => ({
  app,
  kind,
  url,
  repository,
  appId,
  created,
  paused,
  problem,
})
