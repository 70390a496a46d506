import type { Drift, DriftCheck, DriftMachines, DriftReport } from '#contract/drift/drift.ts'
import type { Actor } from '#contract/event/event.ts'
import type { NewEvent } from '#contract/events.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { OpenTarget } from '#domains/deployment/open-targets.ts'
import type { ReleaseSpec } from '#domains/deployment/target.ts'
import {
  type DriftChanges,
  listedOf,
  reconcileDrift,
  settingDifferences,
} from '#domains/drift/rules.ts'
import { getCheck, listDrift, saveChanges, saveCheck } from '#domains/drift/store.ts'
import { lastRehearsals } from '#domains/rehearsal/store.ts'
import { appendEvent } from '#engine/events.ts'
import { Failed } from '#engine/workflow.ts'
import { releaseSpec } from '#flows/deployment/release-spec.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { checkedMachines } from '#views/drift.ts'
import { liveDeployment } from '#views/deployment.ts'

interface Place {
  app: string
  environment: string
}

export interface DriftState {
  check: DriftCheck | null
  differences: Drift[]
  machines: DriftMachines | null
}

/** The differences of what is live, and the last check. */
export async function readState(
  { db }: Pick<Dependencies, 'db'>,
  place: Place,
): Promise<DriftState> {
  const [check, all, live] = await Promise.all([
    getCheck(db, place),
    listDrift(db, place),
    liveDeployment(db, place.app, place.environment),
  ])
  const differences = all.filter(({ release }) => release === live?.release)
  const machines = live ? await checkedMachines(db, place, live.release) : null
  return { check, differences, machines }
}

/** What is live in an environment, as it is declared, and the target that compares it. */
export interface Comparable {
  live: Deployment
  declared: ReleaseSpec
  target: OpenTarget & Required<Pick<OpenTarget, 'drift'>>
}

/** Throws when nothing is live, and when it cannot be compared. */
export async function comparable(deps: Dependencies, place: Place): Promise<Comparable> {
  const { app, environment } = place
  const live = await liveDeployment(deps.db, app, environment)
  if (!live) throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  const target = await targetOfRelease(deps, live.release)
  const { drift } = target
  if (!drift)
    throw new FairleadError('not_now', { why: `${target.title} cannot compare what runs` })
  try {
    const declared = await releaseSpec(deps, live.release, { deployment: live.id, epoch: 0 })
    return { live, declared, target: { ...target, drift } }
  } catch (error) {
    if (error instanceof Failed) throw new FairleadError('not_now', { why: error.message })
    throw error
  }
}

/** Compares an environment on request of `actor`. Throws when that is not possible. */
export async function checkDrift(
  deps: Dependencies,
  place: Place,
  actor: Actor,
): Promise<DriftState> {
  const { live, declared, target } = await comparable(deps, place)
  await recordDrift(deps, place, live, await findDrift(place, { live, declared, target }), actor)
  return readState(deps, place)
}

/** What a check finds, and when the oldest process of each service started. */
export interface Found extends DriftReport {
  starts: ReadonlyMap<string, number>
}

/** Compares what is declared with what is there. */
export async function findDrift(
  place: Place,
  { live: { release }, declared, target }: Comparable,
): Promise<Found> {
  const report = await target.drift.find(declared)
  const { instances } = await target.report({ ...place, release }, 0)
  const starts = new Map<string, number>()
  for (const { service, started } of instances)
    if (started !== null) starts.set(service, Math.min(started, starts.get(service) ?? started))
  return { ...report, starts }
}

/**
 * Stores what a check has shown, with the events, in one transaction. `actor` is null for a check
 * by schedule.
 */
export async function recordDrift(
  { db, clock }: Pick<Dependencies, 'db' | 'clock'>,
  place: Place,
  { release, change: { chain } }: Pick<Deployment, 'release' | 'change'>,
  report: Found,
  actor: Actor | null,
): Promise<void> {
  const { app, environment } = place
  // A deployment went live meanwhile.
  if (report.release !== release) return
  const settings = settingDifferences(
    await lastRehearsals(db, app, environment),
    release,
    report.starts,
  )
  const differences = [...report.differences, ...settings]
  const total = report.total + settings.length
  const changes = reconcileDrift(await listDrift(db, place), {
    ...{ release, differences },
    compared: ({ kind }) => kind !== 'task' && differences.length === total,
  })
  const now = new Date(clock.now()).toISOString()
  const { files, processes, ms } = report
  const head = {
    ...{ subject: `environment/${app}/${environment}`, chain, app },
    ...(actor === null ? {} : { actor }),
  }
  await db.batch([
    ...saveChanges(place, release, changes, now),
    saveCheck(place, { release, checked: now, problem: null, total, files, processes, ms }),
    ...(actor === null
      ? []
      : [
          appendEvent({
            ...{ ...head, type: 'dev.cdeventsx.fairlead-drift.checked' },
            data: { release, total },
          }),
        ]),
    ...driftEvents(changes, release).map((event) => appendEvent({ ...head, ...event })),
  ])
}

type DriftEvent = 'dev.cdeventsx.fairlead-drift.detected' | 'dev.cdeventsx.fairlead-drift.resolved'

/** The events of what a check has changed. */
export function driftEvents(
  { opened, resolved }: DriftChanges,
  release: number,
): Pick<NewEvent<DriftEvent>, 'type' | 'data'>[] {
  const dataOf = (all: DriftChanges['opened'] | DriftChanges['resolved']) => ({
    ...{ release, differences: listedOf(all), total: all.length },
  })
  return [
    ...(opened.length === 0
      ? []
      : [{ type: 'dev.cdeventsx.fairlead-drift.detected' as const, data: dataOf(opened) }]),
    ...(resolved.length === 0
      ? []
      : [{ type: 'dev.cdeventsx.fairlead-drift.resolved' as const, data: dataOf(resolved) }]),
  ]
}
