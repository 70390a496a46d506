import { setTimeout as sleep } from 'node:timers/promises'
import { markedProcesses, signalAll } from '../processes.ts'
import type { FaultAction, FaultPlace } from './action.ts'
import { actions } from './actions.generated.ts'
import type { FaultRecord } from './journal.ts'

/** Milliseconds that one attempt may take. */
const attemptMs = 10_000

const all: ReadonlyMap<string, FaultAction> = new Map(
  (actions as unknown as readonly FaultAction[]).map((action) => [action.name, action]),
)

export const actionOf = (name: string): FaultAction | undefined => all.get(name)

export const placeOf = (record: FaultRecord, host: string, folder: string): FaultPlace => ({
  ...{ id: record.id, target: record.target, marker: record.marker },
  ...{ host, folder },
})

/** Whether this program can undo the fault: another version of it may have made the record. */
export const canUndo = ({ action, before }: FaultRecord): boolean =>
  actionOf(action)?.before.safeParse(before).success === true

/**
 * Tries to undo a fault once. Returns null when the state was read and is as before, otherwise the
 * problem. The processes of the fault end first, so that no injector goes on after the undo.
 */
export async function tryUndo(record: FaultRecord, place: FaultPlace): Promise<string | null> {
  try {
    const action = actionOf(record.action)
    if (!action) return `this version of Fairlead has no action ${record.action}`
    const before = action.before.parse(record.before)
    await endProcesses(record.marker)
    const late = sleep(attemptMs, undefined, { ref: false }).then(() => {
      throw new Error('the undo took too long')
    })
    await Promise.race([action.undo(before, place), late])
    return action.findProblem(before, place)
  } catch (error) {
    return (error as Error).message
  }
}

/** Kills every process of a fault, also those that they start meanwhile. */
async function endProcesses(marker: string): Promise<void> {
  // One look can miss a process whose parent ends during it.
  for (let tries = 0, empty = 0; empty < 2; tries += 1) {
    const left = markedProcesses(marker).map(({ pid }) => pid)
    empty = left.length === 0 ? empty + 1 : 0
    if (tries > 100) throw new Error('a process of the fault cannot be killed')
    // A stopped process starts no other one.
    signalAll(left, 'SIGSTOP')
    signalAll(left, 'SIGKILL')
    if (left.length > 0) await sleep(tries < 10 ? 5 : 50)
  }
}
