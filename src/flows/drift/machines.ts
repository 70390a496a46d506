import type { Actor } from '#contract/event/event.ts'
import { isCheckDue } from '#domains/drift/machines.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { requestRun } from '#flows/machine/request.ts'
import { machineEnvironments } from '#views/drift.ts'

/** Checks that the schedule runs at once, because each starts as many processes as machines. */
const mostChecks = 2

/** Begins to compare the machines of an environment, unless it has none or a playbook runs. */
export async function checkMachines(
  deps: Dependencies,
  engine: Engine,
  { app, environment }: { app: string; environment: string },
  actor: Actor,
): Promise<void> {
  const all = await machineEnvironments(deps.db)
  const one = all.find((found) => found.app === app && found.environment === environment)
  if (one && !one.isBusy)
    await requestRun(deps, engine, { app, environment }, { mode: 'check' }, actor)
}

/** Begins the comparisons of machines whose time has come, those that waited longest first. */
export async function checkMachinesDue(
  deps: Dependencies,
  engine: Engine,
  period: number,
): Promise<void> {
  const all = await machineEnvironments(deps.db)
  const free = Math.max(0, mostChecks - all.filter(({ isChecking }) => isChecking).length)
  const due = all
    .filter((one) => isCheckDue(one, deps.clock.now(), period))
    .sort((a, b) => (a.began ?? 0) - (b.began ?? 0))
  for (const { app, environment } of due.slice(0, free))
    try {
      await requestRun(deps, engine, { app, environment }, { mode: 'check' }, null)
    } catch (error) {
      const problem = (error as Error).message
      deps.log.warn('the machines could not be compared', { app, environment, problem })
    }
}
