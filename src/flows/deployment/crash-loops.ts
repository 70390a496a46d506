import type { Deployment } from '#contract/run/run.ts'
import {
  type CrashLoopChanges,
  type Incident,
  judgeCrashLoops,
  type LiveRelease,
} from '#domains/deployment/crash-loop.ts'
import * as store from '#domains/deployment/incident-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployments } from '#views/deployment.ts'
import { targetOfRelease } from './targets.ts'

type Access = Pick<Dependencies, 'db' | 'targets'>

/** Emits an event when a live service begins to crash again and again, and when that has ended. */
export async function reportCrashLoops(deps: Access): Promise<void> {
  const [live, open] = await Promise.all([liveDeployments(deps.db), store.openIncidents(deps.db)])
  const releases = await Promise.all(live.map((deployment) => readRelease(deps, deployment)))
  const { detected, resolved } = judgeCrashLoops(open, releases)
  for (const incident of resolved)
    await deps.db.batch([
      store.resolveIncident(incident.id),
      eventOf('dev.cdevents.incident.resolved', incident, live),
    ])
  for (const loop of detected) {
    const incident = { ...loop, id: await store.nextIncident(deps.db) }
    await deps.db.batch([
      store.insertIncident(incident),
      eventOf('dev.cdevents.incident.detected', incident, live),
    ])
  }
}

async function readRelease(
  deps: Access,
  { id, app, environment, release }: Deployment,
): Promise<LiveRelease> {
  const place = { app, environment, deployment: id }
  try {
    const target = await targetOfRelease(deps, release)
    const { state, instances } = await target.report({ app, environment, release }, 0)
    return { ...place, instances: state === 'missing' ? null : instances }
  } catch {
    return { ...place, instances: null }
  }
}

function eventOf(
  type: 'dev.cdevents.incident.detected' | 'dev.cdevents.incident.resolved',
  incident: Incident & CrashLoopChanges['detected'][number],
  live: Deployment[],
): Statement {
  const { id, app, environment, service, deployment, reason } = incident
  const found = live.find((one) => one.id === deployment)
  return appendEvent({
    type,
    subject: `incident/${id}`,
    chain: found?.change.chain ?? `app/${app}`,
    app,
    data: {
      ...{ environment, service, deployment, reason },
      ...(found === undefined ? {} : { artifact: found.artifact }),
    },
  })
}
