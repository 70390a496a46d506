import type { IncidentChange, Incident, Mitigation } from '#contract/incident/incident.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { effectOfDrain } from '#domains/deployment/several-hosts.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { listHosts } from '#domains/host/store.ts'
import { type DrainableHost, listMitigations } from '#domains/incident/mitigations.ts'
import { getMaintenance } from '#domains/maintenance/store.ts'
import { planRollback } from '#flows/deployment/plan-rollback.ts'
import { isOver } from '#flows/maintenance/sync.ts'
import { listScale } from '#flows/scale/views.ts'
import { listSwitchViews } from '#flows/switch/views.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { liveDeployment, liveHosts } from '#views/deployment.ts'
import { FairleadError } from '#contract/errors.ts'

/** What may stop the harm of an incident that goes on, the proposed one first. */
export async function mitigationsOf(
  db: Database,
  incident: Incident,
  changes: IncidentChange[],
  now: number,
): Promise<Mitigation[]> {
  const { app, environment, service, over, closed } = incident
  if (app === null || environment === null || over !== null || closed !== null) return []
  const live = await liveDeployment(db, app, environment)
  if (!live) return []
  const [release, views, hasFormer, scales, page, hosts] = await Promise.all([
    getRelease(db, live.release),
    listSwitchViews(db, now, { app, environment }),
    canRollBack(db, app, environment),
    listScale(db, { app, environment }),
    getMaintenance(db, { app, environment }),
    drainableHosts(db, app, environment),
  ])
  const isOn = views.filter(
    ({ definition, variant, setting }) =>
      definition?.type === 'boolean' && (variant === 'on' || (setting?.split.length ?? 0) > 0),
  )
  const target = targets.find(({ kind }) => kind === release?.target.kind)
  const hasEdge = target?.capabilities.includes('share') ?? false
  return listMitigations({
    ...{ app, environment, service, hasFormer, switches: isOn, suspect: changes[0] ?? null },
    ...{ live: live.id, canClose: hasEdge && (page === null || isOver(page, now)) },
    services: Object.keys(release?.definition.services ?? {}),
    scales: scales.filter(({ refusal }) => refusal === null),
    hosts,
  })
}

/** The hosts of an environment that the others can do without, as far as the database knows. */
async function drainableHosts(
  db: Database,
  app: string,
  environment: string,
): Promise<DrainableHost[]> {
  const [places, stored] = await Promise.all([liveHosts(db), listHosts(db)])
  const here = places.find((one) => one.app === app && one.environment === environment)
  const serving = stored.flatMap(({ name, drained }) => (drained === null ? [name] : []))
  return (here?.hosts ?? []).flatMap((name) => {
    if (!serving.includes(name)) return []
    const effect = effectOfDrain(name, places, (one) => serving.includes(one))
    if (effect.stays.length + effect.unserved.length > 0) return []
    const others = here?.hosts.filter((one) => one !== name && serving.includes(one)) ?? []
    return [{ name, others, more: effect.leaves.length - 1 }]
  })
}

const canRollBack = (db: Database, app: string, environment: string): Promise<boolean> =>
  planRollback(db, app, environment, { to: undefined, isForced: true }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof FairleadError) return false
      throw error
    },
  )
