import type { LogLine, LogPage } from '#contract/run/run.ts'

export const chunkSize = 1000

/** Up to 1000 lines. In a chunk that is `whole`, a hole is a lost line. */
export interface Chunk {
  lines: (LogLine | undefined)[]
  whole: boolean
  /** increases with each change */
  version: number
}

export interface LogSource {
  read(after: number, limit: number): Promise<LogPage>
  /** reports each line after `after`, then the end; returns a function that stops */
  follow(after: number, onLine: (line: LogLine) => void, onEnd: () => void): () => void
}

export interface LogState {
  total: number
  complete: boolean
  attempt: number
  problem: unknown
  /** increases with each change */
  version: number
}

export type LogBuffer = ReturnType<typeof createLogBuffer>

/**
 * The log of one attempt, of any length. Reads lines in chunks when they are needed, and follows
 * new ones. `schedule` defers notifications, one for many changes.
 */
export function createLogBuffer(source: LogSource, schedule: (act: () => void) => void) {
  const chunks = new Map<number, Chunk>()
  const reading = new Map<number, Promise<void>>()
  const listeners = new Set<() => void>()
  let state: LogState = { total: 0, complete: false, attempt: 0, problem: null, version: 0 }
  /** all lines after this one come from the stream, so a hole after it is a lost line */
  let streamedFrom = Number.POSITIVE_INFINITY
  let stop = (): void => undefined
  let isScheduled = false
  let isClosed = false

  const chunkAt = (index: number): Chunk => {
    const known = chunks.get(index)
    if (known) return known
    const made: Chunk = { lines: [], whole: false, version: 0 }
    chunks.set(index, made)
    return made
  }
  const changed = (next: Partial<LogState>): void => {
    state = { ...state, ...next, version: state.version + 1 }
    if (isScheduled || isClosed) return
    isScheduled = true
    schedule(() => {
      isScheduled = false
      for (const listener of listeners) listener()
    })
  }
  const put = (line: LogLine): void => {
    const chunk = chunkAt(Math.floor((line.n - 1) / chunkSize))
    chunk.lines[(line.n - 1) % chunkSize] = line
    chunk.version += 1
  }
  const readChunk = async (index: number): Promise<void> => {
    const end = Math.min((index + 1) * chunkSize, state.total)
    let after = index * chunkSize
    try {
      // The server returns shorter pages when lines are long.
      while (after < end && !isClosed) {
        const page = await source.read(after, end - after)
        for (const line of page.lines) put(line)
        if (page.next <= after) break
        after = page.next
      }
      const chunk = chunkAt(index)
      chunk.whole = true
      chunk.version += 1
      changed({ problem: null })
    } catch (problem) {
      changed({ problem })
    }
  }
  const ensure = (index: number): Promise<void> => {
    const chunk = chunks.get(index)
    if (chunk?.whole || index * chunkSize >= state.total || index * chunkSize >= streamedFrom)
      return Promise.resolve()
    const known = reading.get(index)
    if (known) return known
    const begun = readChunk(index).finally(() => reading.delete(index))
    reading.set(index, begun)
    return begun
  }
  const open = async (): Promise<void> => {
    try {
      const first = await source.read(0, chunkSize)
      for (const line of first.lines) put(line)
      chunkAt(0).whole = first.next >= Math.min(first.total, chunkSize)
      changed({
        total: first.total,
        attempt: first.attempt,
        complete: first.complete,
        problem: null,
      })
      if (isClosed) return
      if (await isComplete(first)) return changed({ complete: true })
      streamedFrom = first.total
      stop = source.follow(
        // The last line may be open and grow.
        Math.max(0, first.total - 1),
        (line) => {
          put(line)
          changed({ total: Math.max(state.total, line.n) })
        },
        () => changed({ complete: true }),
      )
    } catch (problem) {
      changed({ problem })
    }
  }
  /** Only the page with the last line says whether the log is complete. */
  const isComplete = async (first: LogPage): Promise<boolean> =>
    first.complete || (first.total > 0 && (await source.read(first.total - 1, 1)).complete)

  return {
    open,
    close: (): void => {
      isClosed = true
      stop()
      listeners.clear()
    },
    state: (): LogState => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    chunk: (index: number): Chunk | undefined => chunks.get(index),
    /** Reads the missing lines of a range. */
    ensureLines: (from: number, to: number): void => {
      for (
        let index = Math.floor((from - 1) / chunkSize);
        index <= Math.floor((to - 1) / chunkSize);
        index += 1
      )
        void ensure(index)
    },
    ensure,
    /** A line, `missing` if it was lost, or undefined until it is read. */
    line: (n: number): LogLine | 'missing' | undefined => {
      const chunk = chunks.get(Math.floor((n - 1) / chunkSize))
      const line = chunk?.lines[(n - 1) % chunkSize]
      if (line) return line
      return (chunk?.whole && n <= state.total) || n > streamedFrom ? 'missing' : undefined
    },
  }
}
