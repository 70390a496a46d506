import type { LogLine, LogPage } from '#contract/run/run.ts'

export const chunkSize = 1000

/**
 * A thousand lines, or what is known of them; a hole in one that is `whole` is a line that is
 * missing.
 */
export interface Chunk {
  lines: (LogLine | undefined)[]
  whole: boolean
  /** grows with each change */
  version: number
}

export interface LogSource {
  read(after: number, limit: number): Promise<LogPage>
  /** calls back for each line after one, and when no more can come; answers how to stop */
  follow(after: number, onLine: (line: LogLine) => void, onEnd: () => void): () => void
}

export interface LogState {
  total: number
  complete: boolean
  attempt: number
  problem: unknown
  /** grows with each change */
  version: number
}

export type LogBuffer = ReturnType<typeof createLogBuffer>

/**
 * The lines of one attempt's log, of any length: what is looked at is read in chunks, what is new
 * comes in by itself. `schedule` calls back soon, once for many changes.
 */
export function createLogBuffer(source: LogSource, schedule: (act: () => void) => void) {
  const chunks = new Map<number, Chunk>()
  const reading = new Map<number, Promise<void>>()
  const listeners = new Set<() => void>()
  let state: LogState = { total: 0, complete: false, attempt: 0, problem: null, version: 0 }
  /** every line from here on came by the stream: a hole after it is a gap */
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
      // The server gives fewer lines at once when they are long.
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
      if (await isOver(first)) return changed({ complete: true })
      streamedFrom = first.total
      stop = source.follow(
        first.total,
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
  /** A page in the middle says that it is not complete: the last line says whether the log is. */
  const isOver = async (first: LogPage): Promise<boolean> =>
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
    /** Reads what is not there yet of the lines from one number to another. */
    ensureLines: (from: number, to: number): void => {
      for (
        let index = Math.floor((from - 1) / chunkSize);
        index <= Math.floor((to - 1) / chunkSize);
        index += 1
      )
        void ensure(index)
    },
    ensure,
    /** A line, `missing` when there will never be one, or undefined while it is not known. */
    line: (n: number): LogLine | 'missing' | undefined => {
      const chunk = chunks.get(Math.floor((n - 1) / chunkSize))
      const line = chunk?.lines[(n - 1) % chunkSize]
      if (line) return line
      return (chunk?.whole && n <= state.total) || n > streamedFrom ? 'missing' : undefined
    },
  }
}
