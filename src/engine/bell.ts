import type { Sleep } from '#platform/clock.ts'

/** Wakes a loop that sleeps; remembers a ring that came while nobody slept. */
export interface Bell {
  ring(): void
  /** whether it rang since the last call */
  hasRung(): boolean
  /** Sleeps until the time is over, the bell rings, or the signal aborts. */
  sleep(runtime: { sleep: Sleep }, ms: number, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let waking: AbortController | null = null
  return {
    ring: () => {
      rung = true
      waking?.abort()
    },
    hasRung: () => {
      const before = rung
      rung = false
      return before
    },
    sleep: async ({ sleep }, ms, signal) => {
      if (rung || signal.aborted) return
      waking = new AbortController()
      await sleep(ms, AbortSignal.any([signal, waking.signal]))
      waking = null
    },
  }
}
