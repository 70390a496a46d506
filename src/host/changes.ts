/** Wakes the requests that wait for a change of the host. */
export class Changes {
  readonly #waiters = new Set<() => void>()

  announce(): void {
    for (const wake of [...this.#waiters]) wake()
  }

  /** Waits for the next change, at most `timeoutMs`. */
  next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      this.#waiters.add(wake)
    })
  }
}
