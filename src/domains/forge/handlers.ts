import type { Forge, newForge } from '#contract/forge/forge.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import type { z } from 'zod'
import type { ForgeConfig } from './config.ts'
import { forgeOf } from './registry.ts'
import * as store from './store.ts'

export interface ForgeOptions {
  db: Database
  secrets: SecretBox
  getApp(name: string): Promise<unknown>
  /** returns why the server does not connect to an address for users, or null */
  addressProblem(address: string): Promise<string | null>
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
      const { kind } = body
      const { url, repository, appId = null, ...config } = readConfig(body)
      const problem = await options.addressProblem(url)
      if (problem !== null) throw new FairleadError('invalid_input', { field: 'body.url', problem })
      const token = options.secrets.seal(store.sealedAs(app), config.token)
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

/** Throws `invalid_input` with the field that this kind of forge refuses. */
function readConfig({ kind, ...input }: z.infer<typeof newForge>): ForgeConfig {
  const config = forgeOf(kind).api?.config.safeParse(input)
  if (!config) throw new Error(`${kind} has no API`)
  if (config.success) return config.data
  const [issue] = config.error.issues
  const path = issue?.code === 'unrecognized_keys' ? issue.keys : (issue?.path ?? [])
  throw new FairleadError('invalid_input', {
    field: ['body', ...path].map(String).join('.'),
    problem: issue?.message ?? 'is invalid',
  })
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
