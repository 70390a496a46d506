import type { Scale } from '#contract/scale/scale.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { declaredInstances, refusalOfScale } from '#domains/scale/rules.ts'
import { scalesOf } from '#domains/scale/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { liveDeployment } from '#views/deployment.ts'

export interface Place {
  app: string
  environment: string
}

/** The services of the live release and how many instances run; none while nothing is live. */
export async function listScale(db: Database, place: Place): Promise<Scale[]> {
  const live = await liveDeployment(db, place.app, place.environment)
  const release = live && (await getRelease(db, live.release))
  if (!release) return []
  const stored = await scalesOf(db, place)
  const target = targets.find(({ kind }) => kind === release.target.kind)
  const canScale = target?.capabilities.includes('instances') ?? false
  const file = release.definition.environments[place.environment]
  return Object.entries(release.definition.services).map(([service, one]): Scale => {
    const declared = declaredInstances(one, file)
    const own = stored.find((row) => row.service === service && row.declared === declared)
    return {
      ...{ service, declared, instances: own?.instances ?? declared },
      set: own ? { actor: own.actor, reason: own.reason, since: own.since } : null,
      refusal: canScale
        ? refusalOfScale(one, service)
        : `${target?.title ?? release.target.kind} cannot run several instances of a service`,
    }
  })
}
