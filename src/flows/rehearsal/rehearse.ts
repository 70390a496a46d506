import type { Actor } from '#contract/event/event.ts'
import { nameOfActor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Rehearsal, RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import type { Deployment } from '#contract/run/run.ts'
import { insertRehearsal, listRehearsals } from '#domains/rehearsal/store.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'

type Access = Pick<Dependencies, 'db' | 'targets'>

export interface Asked {
  app: string
  environment: string
  service: string
  cause: Rehearsal['cause']
  actor: Actor
}

/** Rehearses a service of the live release, and stores what that has shown. */
export async function rehearse(deps: Access, asked: Asked): Promise<Rehearsal> {
  const live = await liveService(deps, asked)
  const target = await targetOfRelease(deps, live.release)
  if (!target.rehearse)
    throw new FairleadError('not_now', { why: `${target.title} cannot rehearse a service` })
  const report = await target.rehearse(asked, asked.service)
  return record(deps, asked, live.release, live.change.chain, report)
}

/** Stores a rehearsal together with its event. */
export async function record(
  { db }: Pick<Dependencies, 'db'>,
  asked: Asked,
  release: number,
  chain: string,
  report: RehearsalReport,
): Promise<Rehearsal> {
  const { app, environment, service, cause, actor } = asked
  const { state, reason } = report
  await db.batch([
    ...insertRehearsal({
      ...{ app, environment, service, release, cause, actor: nameOfActor(actor), report },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-service.rehearsed',
      subject: `environment/${app}/${environment}`,
      ...{ chain, app, actor },
      data: { service, release, cause, state, reason },
    }),
  ])
  const [stored] = await listRehearsals(db, { app, environment, service, limit: 1 })
  if (!stored) throw new FairleadError('not_found', { kind: 'rehearsal', id: service })
  return stored
}

/** The live deployment of an environment; throws when it does not have the service. */
export async function liveService(
  { db }: Pick<Dependencies, 'db'>,
  { app, environment, service }: Pick<Asked, 'app' | 'environment' | 'service'>,
): Promise<Deployment> {
  const live = await liveDeployment(db, app, environment)
  if (!live) throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  const release = await getRelease(db, live.release)
  if (!release?.definition.services[service])
    throw new FairleadError('not_found', { kind: 'service', id: service })
  return live
}
