import { randomBytes } from 'node:crypto'
import type { Actor } from '#contract/event/event.ts'
import { nameOfActor } from '#contract/event/event.ts'
import type { NewEvent } from '#contract/events.ts'
import type { MachineMode } from '#contract/machine/machine.ts'
import type { MachinesFile } from '#contract/pipeline-file/machine-file.ts'
import { insertMachineRun } from '#domains/machine/store.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/** A playbook of a release and the machines of its environment. */
export interface MachineTask {
  app: string
  environment: string
  release: number
  /** `sha256:…` of the artifact with the playbook */
  artifact: string
  sha: string
  settings: MachinesFile
  /** null when a person requested it */
  deployment: number | null
  /** whether the release has no version of the configuration yet, so that it gets the newest */
  isPlanned: boolean
  /** the machines to apply it to; without it, all that the playbook names */
  only?: string[]
  /** a check that nobody requested, which has no events of its own */
  isScheduled?: boolean
}

/** A run of a playbook, whose row is stored. */
export interface MachineWork extends MachineTask {
  id: number
  /** begins the names of its commands; random, so that no command of the past has the same */
  key: string
  mode: MachineMode
}

export const makeMachineKey = (): string => `machines-${randomBytes(12).toString('hex')}`

/** The row and the event with which a run begins. */
export function beginRun(
  work: MachineWork,
  chain: string,
  actor: Actor,
): { write: Statement; event: NewEvent<'dev.cdeventsx.fairlead-machines.started'> } {
  const { id, app, environment, mode, key, sha, release, deployment, settings } = work
  const { playbook } = settings
  return {
    write: insertMachineRun({
      ...{ id, app, environment, mode, key, playbook, sha, release, deployment },
      actor: nameOfActor(actor),
    }),
    event: {
      type: 'dev.cdeventsx.fairlead-machines.started',
      ...{ subject: `machine-run/${id}`, chain, app, actor },
      data: { environment, mode, release, playbook },
    },
  }
}
