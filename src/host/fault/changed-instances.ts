import { setTimeout as sleep } from 'node:timers/promises'
import { familyOf, type Origin, processesWith, startTimeOf, variableOf } from '../processes.ts'
import { terminate } from '../terminate.ts'
import type { FaultPlace } from './action.ts'
import { faultVariable } from './changed-start.ts'
import { findMissing } from './supervised.ts'
import type { FaultTarget } from './target.ts'

/** An instance that a fault restarts has so many milliseconds to end. */
const stop = { signal: 'SIGTERM', grace: 5000 }
/** Milliseconds in which the host must start the instances with the changed variables. */
const startMs = 30_000

/** A variable of the chosen instances; null when none of their processes has it. */
export function variableOfTarget({ instances }: FaultTarget, name: string): string | null {
  const pids = instances.flatMap((origin) => familyOf(origin))
  for (const pid of pids) {
    const value = variableOf(pid, name)
    if (value !== null) return value
  }
  return null
}

/** The instances that run with a fault. */
function changedOrigins({ marker }: FaultPlace): Origin[] {
  const origins = new Map<string, Origin>()
  for (const pid of processesWith(faultVariable, marker)) {
    const [startTime, instance] = [startTimeOf(pid), variableOf(pid, 'FAIRLEAD_PROCESS')]
    if (instance !== null) origins.set(instance, { pid, startTime, marker: instance })
  }
  return [...origins.values()]
}

/** Ends the chosen instances, and waits until the host has started them with the fault. */
export async function restartChanged(place: FaultPlace): Promise<void> {
  const { instances, service } = place.target
  await Promise.all(instances.map((origin) => terminate(origin, stop)))
  for (const end = performance.now() + startMs; performance.now() < end; await sleep(20))
    if (changedOrigins(place).length >= instances.length) return
  throw new Error(`the host did not start ${service} again`)
}

/** Ends the instances that run with the fault; the host starts them without it. */
export const endChanged = async (place: FaultPlace): Promise<unknown> =>
  Promise.all(changedOrigins(place).map((origin) => terminate(origin, stop)))

/** What still runs with the fault or does not run again, in one sentence, or null. */
export function findChanged(indexes: number[], place: FaultPlace): string | null {
  const left = processesWith(faultVariable, place.marker)
  if (left.length > 0) return `the processes ${left.join(', ')} still run with the fault`
  return findMissing(indexes, place)
}
