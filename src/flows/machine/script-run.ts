import type { CommandEnd } from '#contract/job/host.ts'
import { type MachineAction, machineScript } from '#domains/machine/script.ts'
import { commandKey } from '#domains/machine/store.ts'
import { Failed, type StepContext } from '#engine/workflow.ts'
import { variablesOfRelease } from '#flows/deployment/release-spec.ts'
import { retryWhileUnavailable } from '#flows/deployment/retry.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { MachineWork } from './work.ts'

/** Milliseconds for which one request waits for more output. */
const waitMs = 1000
/** Milliseconds for which the machines of a playbook are listed at most. */
const listMs = 120_000

/**
 * Runs a script of a run on the target, or follows it when it runs already, and passes its output
 * on. The target starts a command once, so that this can be repeated at any moment.
 */
export async function runScript(
  deps: Dependencies,
  step: StepContext,
  work: MachineWork,
  command: number,
  action: MachineAction,
  onLines: (lines: string[]) => Promise<void>,
): Promise<CommandEnd> {
  const { commands, title } = await targetOfRelease(deps, work.release)
  if (!commands) throw new Failed(`${title} cannot run a playbook`)
  const key = commandKey(work.key, command)
  const look = () => retryWhileUnavailable(step, () => commands.look(work, key))
  if (!(await look())) {
    const wanted = await commandOf(deps, work, action)
    await retryWhileUnavailable(step, () => commands.start(work, key, wanted))
  }
  for (let after = 0; ;) {
    if (step.signal.aborted) throw step.signal.reason
    const from = after
    const page = await retryWhileUnavailable(step, () => commands.output(work, key, from, waitMs))
    if (page === null) break
    if (page.lines.length > 0) await onLines(page.lines)
    after = page.next
    if (page.complete && page.next === from) break
  }
  const end = (await look())?.end
  if (!end) throw new Failed('the host does not know the command any more')
  return end
}

async function commandOf(deps: Dependencies, work: MachineWork, action: MachineAction) {
  const { env, secrets } = await variablesOfRelease(deps, work.release, work.isPlanned)
  const only = action.kind === 'apply' ? action.only : null
  return {
    ...{ release: 0, service: null, run: machineScript(work.settings, action) },
    timeout: action.kind === 'list' ? listMs : work.settings.timeout,
    files: {
      ...{ artifact: work.artifact, layout: deps.home.artifacts, secrets },
      env: {
        ...deps.machine,
        ...env,
        FAIRLEAD_COMMIT: work.sha,
        ...(only === null ? {} : { FAIRLEAD_MACHINES: only.join(' ') }),
      },
    },
  }
}

/** Stops a command, and waits until it has ended; it is never started later. */
export async function stopScript(
  deps: Dependencies,
  step: StepContext,
  work: MachineWork,
  command: number,
): Promise<void> {
  const { commands } = await targetOfRelease(deps, work.release)
  const key = commandKey(work.key, command)
  if (!commands) return
  await retryWhileUnavailable(step, () => commands.stop(work, key))
  for (let after = 0; ;) {
    const from = after
    const page = await retryWhileUnavailable(step, () => commands.output(work, key, from, waitMs))
    if (page === null || (page.complete && page.next === from)) return
    after = page.next
  }
}
