interface Waiting<T, R> {
  one: T
  size: number
  resolve(answer: R): void
  reject(error: unknown): void
}

export interface BatcherOptions<T, R> {
  /** Processes all items or none; returns the results in order. */
  all(of: T[]): Promise<R[]>
  /** Processes a single item after `all` failed. */
  one(of: T): Promise<R>
  sizeOf(one: T): number
  /** Batches processed in parallel. */
  lanes: number
  /** Limits of one batch. */
  limit: { count: number; size: number }
}

/**
 * Collects the items that arrive while all lanes are busy into the next batch: many items share one
 * disk flush, and a single item does not wait.
 */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): (one: T) => Promise<R> {
  const waiting: Waiting<T, R>[] = []
  let busy = 0

  const take = (): Waiting<T, R>[] => {
    let size = 0
    const end = waiting.findIndex((one, index) => {
      size += one.size
      return index > 0 && (index >= options.limit.count || size > options.limit.size)
    })
    return waiting.splice(0, end === -1 ? waiting.length : end)
  }
  const settle = async (part: Waiting<T, R>[]): Promise<void> => {
    const answers =
      part.length === 1 ? null : await options.all(part.map(({ one }) => one)).catch(() => null)
    await Promise.all(
      part.map(async ({ one, resolve, reject }, index) => {
        if (answers) return resolve(answers[index] as R)
        await options.one(one).then(resolve, reject)
      }),
    )
  }
  const work = async (): Promise<void> => {
    busy += 1
    while (waiting.length > 0) await settle(take())
    busy -= 1
  }

  return (one) =>
    new Promise((resolve, reject) => {
      waiting.push({ one, size: options.sizeOf(one), resolve, reject })
      if (busy < options.lanes) void work()
    })
}
