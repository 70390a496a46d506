import { setTimeout as sleep } from 'node:timers/promises'
import { FairleadError } from '#contract/errors.ts'
import { nameOfActor } from '#contract/event/event.ts'
import type { Caller } from '#contract/handler.ts'
import type { TargetCommands } from '#domains/deployment/target.ts'
import type { StoredJobRun } from '#domains/job/store.ts'
import { targetOfRun } from './run-target.ts'
import type { Handshake, Upgraded } from '#platform/process/upgrade.ts'
import { mustFind } from './handlers.ts'
import type { JobDependencies } from './advance.ts'

/** Milliseconds in which a command has to start, and between two looks. */
const startWithin = 20_000
const lookEvery = 50

/**
 * Connects to the terminal of a command. Only the person who requested it may do that, so that the
 * audit log names who used it.
 */
export async function openTerminal(
  deps: JobDependencies,
  place: { app: string; jobRun: number },
  caller: Caller,
  handshake: Handshake,
): Promise<Upgraded> {
  const { terminal, actor } = await mustFind({ deps }, place)
  if (terminal === null) throw new FairleadError('not_now', { why: 'The command has no terminal' })
  if (actor !== nameOfActor(caller))
    throw new FairleadError('not_now', { why: `The terminal belongs to ${actor}` })
  const { run, commands } = await started(deps, place)
  return commands.openTerminal(run, run.key, handshake)
}

async function started(
  deps: JobDependencies,
  place: { app: string; jobRun: number },
): Promise<{ run: StoredJobRun; commands: TargetCommands }> {
  const until = performance.now() + startWithin
  while (performance.now() < until) {
    const run = await mustFind({ deps }, place)
    if (run.release !== null) {
      const place = { release: run.release, host: run.host }
      const { commands } = await targetOfRun(deps, place)
      if (commands && (await commands.look(run, run.key)) !== null) return { run, commands }
    }
    if (run.ended !== null) throw new FairleadError('not_now', { why: 'The run has ended' })
    await sleep(lookEvery)
  }
  throw new FairleadError('not_now', { why: 'The command has not started' })
}
