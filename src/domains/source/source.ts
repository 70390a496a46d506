import type { App } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { createApps } from './apps.ts'
import { createCheckouts } from './checkouts.ts'
import { deliverCommit } from './deliver.ts'
import { inTurn } from './in-turn.ts'
import type { Push } from './push.ts'
import { receive, type SourceContext, type SourceOptions } from './receive.ts'
import * as store from './store.ts'
import { sync } from './sync.ts'

export type Source = ReturnType<typeof createSource>

/** Manages apps, their repositories, and the changes that these receive. */
export function createSource(options: SourceOptions) {
  const apps = createApps(options)
  const context: SourceContext = { ...options, apps, oneAtATime: inTurn() }
  return {
    register: apps.register,
    remove: apps.remove,
    setBranch: async (name: string, branch: string, actor: Actor): Promise<App> => {
      await context.oneAtATime(name, () => apps.setBranch(name, branch, actor))
      // While the repository cannot be read, the app has a problem.
      await sync(context, name, actor).catch((error: unknown) => {
        if (!(error instanceof FairleadError)) throw error
      })
      return store.toApp(await apps.mustGet(name), options.publicUrl)
    },
    get: apps.get,
    list: apps.list,
    receive: (name: string, actor: Actor, pushes?: readonly Push[]) =>
      receive(context, name, actor, pushes),
    sync: (
      name: string,
      actor: Actor,
      options?: { signal?: AbortSignal; pushes?: readonly Push[] },
    ) => sync(context, name, actor, options),
    deliverCommit: (name: string, commit: string | undefined, actor: Actor) =>
      deliverCommit(context, name, commit, actor),
    listStored: () => store.listApps(options.db),
    ...createCheckouts(options),
  }
}
