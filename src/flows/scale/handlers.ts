import { type Actor, nameOfActor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { Scale } from '#contract/scale/scale.ts'
import { putScale, scalesOf } from '#domains/scale/store.ts'
import { appendEvent } from '#engine/events.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import { end, serveScale, type SyncScaleParts } from './sync.ts'
import { listScale, type Place } from './views.ts'

/** How many instances of the services of an environment run. */
export function scaleHandlers(
  options: SyncScaleParts,
): SomeHandlers<'getScale' | 'setScale' | 'endScale'> {
  const answer = async (place: Place, service: string) => {
    const isServed = await serveScale(options)
    return { scale: serviceIn(await listScale(options.db, place), service, place), isServed }
  }
  return {
    getScale: async ({ params }) => {
      await mustHave(options.db, params.app, params.environment)
      return { scales: await listScale(options.db, params) }
    },
    setScale: async ({ params, body: { instances, reason } }, caller) => {
      const found = await mustFind(options, params)
      if (found.refusal !== null) throw new FairleadError('not_now', { why: found.refusal })
      if (instances === found.declared) await setBack(options, params, caller, reason)
      else if (instances !== found.instances)
        await change(options, params, { found, instances, reason, caller })
      return answer(params, params.service)
    },
    endScale: async ({ params }, caller) => {
      await mustFind(options, params)
      await setBack(options, params, caller, '')
      return answer(params, params.service)
    },
  }
}

async function change(
  { db }: SyncScaleParts,
  place: Place & { service: string },
  of: { found: Scale; instances: number; reason: string; caller: Actor },
): Promise<void> {
  const { app, environment, service } = place
  const { found, instances, reason, caller } = of
  const { declared, instances: from } = found
  await db.batch([
    putScale({
      ...{ app, environment, service, declared, instances, reason, actor: nameOfActor(caller) },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-scale.changed',
      ...{ subject: `environment/${app}/${environment}`, chain: `app/${app}`, app },
      actor: caller,
      data: { environment, service, from, to: instances, declared, reason },
    }),
  ])
}

async function setBack(
  { db }: SyncScaleParts,
  place: Place & { service: string },
  actor: Actor,
  reason: string,
): Promise<void> {
  const stored = (await scalesOf(db, place)).find(({ service }) => service === place.service)
  if (stored) await end(db, stored, { to: stored.declared, actor, reason })
}

async function mustFind(
  options: SyncScaleParts,
  params: Place & { service: string },
): Promise<Scale> {
  await mustHave(options.db, params.app, params.environment)
  return serviceIn(await listScale(options.db, params), params.service, params)
}

function serviceIn(scales: Scale[], name: string, { app, environment }: Place): Scale {
  const found = scales.find(({ service }) => service === name)
  if (found) return found
  throw new FairleadError('not_found', { kind: 'service', id: `${app}/${environment}/${name}` })
}
