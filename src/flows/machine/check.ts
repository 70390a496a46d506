import type { MachineRun } from '#contract/machine/machine.ts'
import { driftOfMachines } from '#domains/drift/machines.ts'
import { reconcileDrift } from '#domains/drift/rules.ts'
import { listDrift, saveChanges } from '#domains/drift/store.ts'
import { learnRepeating } from '#domains/machine/repeating.ts'
import * as store from '#domains/machine/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { driftEvents } from '#flows/drift/check.ts'
import { liveDeployment } from '#views/deployment.ts'

/**
 * Stores the drift of machines that a run in check mode has found, with its events. Returns how the
 * run ends when it shows nothing, because a playbook changed the machines meanwhile.
 */
export async function recordCheck(
  { db, clock }: Pick<Dependencies, 'db' | 'clock'>,
  step: Pick<StepContext, 'write' | 'emit'>,
  run: MachineRun,
): Promise<Pick<MachineRun, 'state' | 'reason'> | null> {
  const { id, app, environment, release } = run
  const place = { app, environment }
  const live = await liveDeployment(db, app, environment)
  if (live?.release !== release || (await store.isAppliedSince(db, place, id)))
    return { state: 'stopped', reason: 'the playbook was applied during the check' }
  const known = await store.listMachines(db, place)
  const learned = learnRepeating(known, run)
  const repeating = new Map(
    [...known, ...learned].map((one) => [one.name, one.repeating ?? []] as const),
  )
  const changes = reconcileDrift(await listDrift(db, place), driftOfMachines(run, repeating))
  for (const one of learned) step.write(store.saveRepeating(place, one.name, one.repeating))
  const now = new Date(clock.now()).toISOString()
  for (const write of saveChanges(place, release, changes, now)) step.write(write)
  for (const event of driftEvents(changes, release))
    step.emit({ ...event, subject: `environment/${app}/${environment}`, app })
  return null
}
