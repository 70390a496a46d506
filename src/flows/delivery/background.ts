/** Work that runs beside a delivery, such as signing, or draining a replaced release. */
export interface Background {
  /** Keeps `work` until `settled`, and returns it, so that the caller may wait for it earlier. */
  start<T>(work: Promise<T>): Promise<T>
  /** Waits for all of it; rejects with the first failure. */
  settled(): Promise<void>
}

export function createBackground(): Background {
  const running: Promise<unknown>[] = []
  return {
    start: (work) => {
      // `settled` reports the failure; until then it must not count as unhandled.
      work.catch(() => undefined)
      running.push(work)
      return work
    },
    settled: async () => {
      await Promise.all(running)
    },
  }
}
