/** The time of the server, with a tick every second while there are subscribers. */
export interface Clock {
  now(): number
  /** Reads the `date` header of a response, to correct a browser whose clock is wrong. */
  calibrate(date: string | null): void
  subscribe(listener: () => void): () => void
  /** the time of the last tick, constant until the next */
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
    calibrate: (date) => {
      const server = date === null ? Number.NaN : Date.parse(date)
      if (Number.isNaN(server)) return
      // The header has whole seconds, so a smaller difference means nothing.
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
