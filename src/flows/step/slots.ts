import { availableParallelism } from 'node:os'

/** Limits how many steps run at the same time on this machine. */
export interface Slots {
  /** The number of steps that can run at the same time. */
  limit: number
  /** Takes a free slot; null when there is none. */
  tryTake(): Slot | null
  /** Waits for a slot, in the order of the calls. Throws the reason of the signal. */
  take(signal: AbortSignal): Promise<Slot>
}

export interface Slot {
  free(): void
}

/** Steps also wait for networks and disks, so that there are more slots than cores. */
export const defaultSlots = (): number => Math.max(4, availableParallelism() * 2)

export function createSlots(limit: number): Slots {
  const waiting: (() => void)[] = []
  let taken = 0
  const slot = (): Slot => {
    let isFree = false
    return {
      free: () => {
        if (isFree) return
        isFree = true
        const next = waiting.shift()
        if (next) next()
        else taken -= 1
      },
    }
  }
  const tryTake = (): Slot | null => {
    if (taken >= limit) return null
    taken += 1
    return slot()
  }
  return {
    limit,
    tryTake,
    take: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error)
        const now = tryTake()
        if (now) return resolve(now)
        const stop = (): void => {
          waiting.splice(waiting.indexOf(start), 1)
          reject(signal.reason as Error)
        }
        const start = (): void => {
          signal.removeEventListener('abort', stop)
          resolve(slot())
        }
        waiting.push(start)
        signal.addEventListener('abort', stop, { once: true })
      }),
  }
}

export const slotReason = ({ limit }: Slots): string =>
  `waits until fewer than ${limit} steps run at the same time (FAIRLEAD_STEPS)`
