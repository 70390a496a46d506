/** The time of the server, second by second, and who wants to hear of it. */
export interface Clock {
  now(): number
  /**
   * Takes the `date` of an answer, so that durations are right on a machine whose clock is wrong.
   */
  learn(date: string | null): void
  subscribe(listener: () => void): () => void
  /** the time of the last tick; stands still between two */
  tick(): number
}

export function createClock(read: () => number): Clock {
  const listeners = new Set<() => void>()
  let offset = 0
  let timer: ReturnType<typeof setInterval> | undefined
  let last = read()
  const tick = (): void => {
    last = read() + offset
    for (const listener of listeners) listener()
  }
  return {
    now: () => read() + offset,
    learn: (date) => {
      const server = date === null ? Number.NaN : Date.parse(date)
      if (Number.isNaN(server)) return
      // The header has whole seconds: a smaller difference says nothing.
      const difference = server + 500 - read()
      offset = Math.abs(difference) > 2000 ? difference : 0
    },
    subscribe: (listener) => {
      listeners.add(listener)
      if (listeners.size === 1) {
        last = read() + offset
        timer = setInterval(tick, 1000)
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) clearInterval(timer)
      }
    },
    tick: () => last,
  }
}
