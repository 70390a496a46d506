import type { Actor } from '#contract/event/event.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { declaredInstances } from '#domains/scale/rules.ts'
import { endScale, listScales, scalesOf, type StoredScale } from '#domains/scale/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type EveryHost, tellEveryHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { liveDeployment } from '#views/deployment.ts'

export interface SyncScaleParts {
  db: Database
  hosts: EveryHost<Pick<HostClient, 'setScale'>>
}

/** Ends the numbers that a live release has changed in its file, and tells the host the others. */
export async function syncScale(parts: SyncScaleParts): Promise<void> {
  for (const scale of await listScales(parts.db)) {
    const declared = await declaredOf(parts.db, scale)
    if (declared !== null && declared !== scale.declared)
      await end(parts.db, scale, { to: declared })
  }
  await serveScale(parts)
}

/** The number of the live release; null while nothing is live, and for a service that is gone. */
async function declaredOf(
  db: Database,
  { app, environment, service }: StoredScale,
): Promise<number | null> {
  const live = await liveDeployment(db, app, environment)
  const definition = live && (await getRelease(db, live.release))?.definition
  const declared = definition?.services[service]
  if (!definition || !declared) return null
  return declaredInstances(declared, definition.environments[environment])
}

/**
 * Returns whether every host has the numbers of the database. One that does not answer gets them
 * from a later run, and goes on with the last ones until then.
 */
export async function serveScale({ db, hosts }: SyncScaleParts): Promise<boolean> {
  const scales = (await listScales(db)).map(
    ({ app, environment, service, declared, instances }) => ({
      ...{ app, environment, service, declared, instances },
    }),
  )
  return tellEveryHost(hosts, (host) => host.setScale({ scales }))
}

/** Ends a scale; `actor` is absent when a release did it. Nothing happens when it has ended. */
export async function end(
  db: Database,
  scale: StoredScale,
  { to, actor, reason = '' }: { to: number; actor?: Actor; reason?: string },
): Promise<void> {
  const { app, environment, service, instances: from, since } = scale
  try {
    await db.batch([
      endScale(scale),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-scale.ended',
        ...{ subject: `environment/${app}/${environment}`, chain: `app/${app}`, app },
        ...(actor === undefined ? {} : { actor }),
        data: { environment, service, from, to, isReleased: actor === undefined, reason },
      }),
    ])
  } catch (error) {
    const left = (await scalesOf(db, scale)).find((one) => one.service === service)
    if (left?.since === since) throw error
  }
}
