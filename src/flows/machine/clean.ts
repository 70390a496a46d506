import * as store from '#domains/machine/store.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** Deletes old runs, and the output of their commands on the targets. */
export async function cleanMachineRuns(deps: Pick<Dependencies, 'db' | 'targets'>): Promise<void> {
  for (const run of await store.oldMachineRuns(deps.db)) {
    const target = await targetOfRelease(deps, run.release).catch(() => null)
    // The row goes last, so that an interrupted removal is repeated.
    for (let i = 0; i < run.commands; i += 1)
      await target?.commands?.remove(run, store.commandKey(run.key, i))
    await deps.db.query(store.deleteMachineRun(run.id))
  }
}
