import type { CommandPage } from '#contract/job/host.ts'
import { logLines } from '#domains/machine/log.ts'
import { commandKey, type StoredMachineRun } from '#domains/machine/store.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** More than the bytes that a command of a run can write. */
const span = 2 ** 40

/**
 * What a run does, as lines for people. Its commands, one for each batch, follow each other: a
 * position is the number of a command times `span`, plus a position in its output.
 */
export async function outputOf(
  deps: Pick<Dependencies, 'db' | 'targets'>,
  run: StoredMachineRun,
  after: number,
  wait: number,
): Promise<CommandPage> {
  // The first command of an application only lists machines.
  const command = Math.max(run.mode === 'apply' ? 1 : 0, Math.floor(after / span))
  const nothing = { lines: [], next: after, skipped: 0, complete: run.ended !== null }
  if (command >= run.commands) return nothing
  const { commands } = await targetOfRelease(deps, run.release)
  const from = after % span
  const isLast = command + 1 >= run.commands
  const page = await commands?.output(run, commandKey(run.key, command), from, isLast ? wait : 0)
  const position = command * span
  const { next = from, complete = true, lines = [], skipped = 0 } = page ?? {}
  if (complete && next === from && !isLast) return { ...nothing, next: position + span }
  return {
    ...{ skipped, lines: logLines(lines), next: position + next },
    complete: complete && isLast && run.ended !== null,
  }
}
