import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { may } from '#contract/access/grants.ts'
import type { Source } from './source.ts'

export interface SourceHandlerOptions {
  /** Stops everything that runs of an app before its deletion. */
  onDelete(app: string, actor: Actor): Promise<void>
}

/** The endpoints of apps. */
export function sourceHandlers(
  source: Source,
  { onDelete }: SourceHandlerOptions,
): SomeHandlers<'listApps' | 'getApp' | 'createApp' | 'changeApp' | 'deleteApp'> {
  const mustGet = async (name: string) => {
    const app = await source.get(name)
    if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
    return app
  }
  return {
    listApps: async (_input, caller) => ({
      apps: (await source.list()).filter(({ name }) => may(caller, 'viewer', name)),
    }),
    getApp: ({ params }) => mustGet(params.app),
    createApp: async ({ body }, caller) => {
      // Other repositories may be any folder of this machine, and any address of its network.
      if (body.repository.kind !== 'hosted' && !may(caller, 'operator', null))
        throw new FairleadError('not_allowed', { needed: 'operator', have: caller.role ?? 'none' })
      return source.register(body, caller)
    },
    changeApp: ({ params, body }, caller) => source.setBranch(params.app, body.branch, caller),
    deleteApp: async ({ params }, caller) => {
      await mustGet(params.app)
      await onDelete(params.app, caller)
      await source.remove(params.app, caller)
      return { done: true }
    },
  }
}
