import type { Deployment } from '#contract/run/run.ts'
import {
  type CrashLoopChanges,
  type CrashLoop,
  judgeCrashLoops,
} from '#domains/deployment/crash-loop.ts'
import * as store from '#domains/deployment/crash-loop-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { SeenRelease } from '#flows/monitoring/watch-reachable.ts'
import { liveDeployments } from '#views/deployment.ts'
import { targetOfRelease } from './targets.ts'

type Access = Pick<Dependencies, 'db' | 'targets'>

/** What the targets of the live releases report. */
export async function readLive(deps: Access): Promise<{ live: Deployment[]; seen: SeenRelease[] }> {
  const live = await liveDeployments(deps.db)
  const seen = await Promise.all(live.map((deployment) => readRelease(deps, deployment)))
  return { live, seen }
}

/** Emits an event when a live service begins to crash again and again, and when that has ended. */
export async function reportCrashLoops(
  deps: Pick<Access, 'db'>,
  { live, seen: releases }: Awaited<ReturnType<typeof readLive>>,
): Promise<void> {
  const open = await store.openCrashLoops(deps.db)
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
): Promise<SeenRelease> {
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
