import { z } from 'zod'
import type { Journal } from './journal.ts'
import { type VariableChange, variableChange } from './change.ts'

/** All processes of an instance that a fault has changed have the marker of the fault in it. */
export const faultVariable = 'FAIRLEAD_FAULT'

/** How an instance starts while a fault changes its variables. */
export interface ChangedStart {
  marker: string
  change: VariableChange
  /** A file that exists as long as nobody has begun to undo the fault. */
  armed: string
}

/** What an instance is an instance of. */
export interface InstanceOf {
  app: string
  environment: string
  release: number
  service: string
  index: number
}

const before = z.object({ change: variableChange })

/** The fault that changes the variables of an instance; undefined when there is none. */
export function changedStart(journal: Journal, of: InstanceOf): ChangedStart | undefined {
  const found = journal.open().find(({ record: { target }, state }) => {
    const { app, environment, release, service, instances } = target
    const isSame = app === of.app && environment === of.environment && service === of.service
    const isHit = instances.some(({ index }) => index === of.index)
    return state === 'armed' && isSame && release === of.release && isHit
  })
  const parsed = before.safeParse(found?.record.before)
  if (!found || !parsed.success) return undefined
  const { id, marker } = found.record
  return { marker, change: parsed.data.change, armed: journal.armedFile(id) }
}

/**
 * A helper that starts the rest of the command line unless the undo of the fault has begun. The
 * undo looks for processes with `faultVariable` after the file is gone, and this helper has that
 * variable before it looks for the file, so that none of them is missed.
 */
export const unlessUndone = (start: ChangedStart | undefined): string[] =>
  start ? ['/bin/sh', '-c', '[ -e "$1" ] || exit 1; shift; exec "$@"', 'fault', start.armed] : []
