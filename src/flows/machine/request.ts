import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type Engine, Failed } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { makeWork } from './deploy.ts'
import { beginRun, type MachineWork } from './work.ts'

interface Place {
  app: string
  environment: string
}

/**
 * Starts a run with the playbook of the live release, and returns its number. `actor` is null for a
 * check by schedule. Throws when nothing is live, and when it declares no machines.
 */
export async function requestRun(
  deps: Dependencies,
  engine: Engine,
  { app, environment }: Place,
  task: Pick<MachineWork, 'mode' | 'only'>,
  actor: Actor | null,
): Promise<number> {
  const { db } = deps
  const live = await liveDeployment(db, app, environment)
  const release = live && (await getRelease(db, live.release))
  if (!live || !release)
    throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  const settings = release.definition.environments[environment]?.machines
  if (!settings)
    throw new FairleadError('not_now', {
      why: `The live release declares no machines in ${app}/${environment}`,
    })
  const work = await makeWork(deps, {
    ...{ app, environment, release: live.release, sha: release.sha, settings, ...task },
    ...{ deployment: null, isPlanned: false },
    ...(actor === null ? { isScheduled: true } : {}),
  }).catch((error: unknown) => {
    throw error instanceof Failed ? new FairleadError('not_now', { why: error.message }) : error
  })
  const { chain } = live.change
  const { write, event } = beginRun(work, chain, actor ?? 'fairlead')
  await db.batch([
    write,
    ...(actor === null ? [] : [appendEvent(event)]),
    ...engine.startStatements({
      ...{ id: `machines/${work.id}`, name: 'machines', chain },
      input: { ...work, rank: release.run },
    }),
  ])
  return work.id
}
