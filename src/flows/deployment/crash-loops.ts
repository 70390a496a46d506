import type { Deployment } from '#contract/run/run.ts'
import {
  type CrashLoopChanges,
  type CrashLoop,
  judgeCrashLoops,
  type LiveRelease,
} from '#domains/deployment/crash-loop.ts'
import * as store from '#domains/deployment/crash-loop-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployments } from '#views/deployment.ts'
import { targetOfRelease } from './targets.ts'

type Access = Pick<Dependencies, 'db' | 'targets'>

/** Emits an event when a live service begins to crash again and again, and when that has ended. */
export async function reportCrashLoops(deps: Access): Promise<void> {
  const [live, open] = await Promise.all([liveDeployments(deps.db), store.openCrashLoops(deps.db)])
  const releases = await Promise.all(live.map((deployment) => readRelease(deps, deployment)))
  const { detected, resolved } = judgeCrashLoops(open, releases)
  for (const loop of resolved)
    await deps.db.batch([
      store.resolveCrashLoop(loop.id),
      eventOf('dev.cdeventsx.fairlead-crashloop.ended', loop, live),
    ])
  for (const found of detected) {
    const loop = { ...found, id: await store.nextCrashLoop(deps.db) }
    await deps.db.batch([
      store.insertCrashLoop(loop),
      eventOf('dev.cdeventsx.fairlead-crashloop.detected', loop, live),
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
  type: 'dev.cdeventsx.fairlead-crashloop.detected' | 'dev.cdeventsx.fairlead-crashloop.ended',
  loop: CrashLoop & CrashLoopChanges['detected'][number],
  live: Deployment[],
): Statement {
  const { id, app, environment, service, deployment, reason } = loop
  const found = live.find((one) => one.id === deployment)
  return appendEvent({
    type,
    subject: `crash-loop/${id}`,
    chain: found?.change.chain ?? `app/${app}`,
    app,
    data: {
      ...{ environment, service, deployment, reason },
      ...(found === undefined ? {} : { artifact: found.artifact }),
    },
  })
}
