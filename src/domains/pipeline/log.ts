import { watch } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { joinLine, type StoredLine } from '#platform/process/step-log.ts'
import { findOffset, readLastLines, readLines } from './log-file.ts'

export interface LogRange {
  /** only lines with a number above this */
  after: number
  /** maximum number of lines; a page of long lines has fewer */
  limit: number
}

export interface LogPart {
  lines: StoredLine[]
  /** number of the last line that exists now; 0 without a log */
  total: number
  /** gaps in the numbers of these lines, inclusive */
  missing: { from: number; to: number }[]
  /** the file ends with an incomplete line, because its writer is not done or was killed */
  torn: boolean
}

/** Maximum characters of one page. */
const largestPage = 4 * 1024 * 1024
const pollMs = 500

/** Reads a page of a log, which may still be growing. A log that does not exist has no lines. */
export async function readLog(file: string, range: LogRange): Promise<LogPart> {
  const handle = await openOrNull(file)
  if (!handle) return { lines: [], total: 0, missing: [], torn: false }
  try {
    const { size } = await handle.stat()
    const end = await readLastLines(handle, 1, size)
    const total = end.lines[0]?.n ?? 0
    const lines = range.after < total ? await readPage(handle, range, size) : []
    return { lines, total, missing: findMissing(lines, range.after), torn: end.torn }
  } finally {
    await handle.close()
  }
}

/** The last `count` lines of a log. */
export async function tailLog(file: string, count: number): Promise<StoredLine[]> {
  const handle = await openOrNull(file)
  if (!handle) return []
  try {
    return (await readLastLines(handle, count, (await handle.stat()).size)).lines
  } finally {
    await handle.close()
  }
}

/**
 * Yields the lines after `after`, then new lines as they are written; an open line again when it
 * has grown. Ends when `isComplete`
 * returns true and all lines have been read, or when `signal` is aborted. Reads only as fast as its
 * consumer and holds one block of the log in memory.
 */
export async function* followLog(
  file: string,
  options: { after: number; isComplete: () => Promise<boolean> },
  signal: AbortSignal,
): AsyncGenerator<StoredLine, void, void> {
  let handle: FileHandle | null = null
  let offset = 0
  let isLast = false
  let last: StoredLine | undefined
  const changes = watchFile(file, signal)
  try {
    while (!signal.aborted) {
      handle ??= await openOrNull(file)
      if (handle) {
        const { size } = await handle.stat()
        if (offset === 0) offset = await findOffset(handle, options.after, size)
        while (offset < size && !signal.aborted) {
          const { lines, next } = await readLines(handle, offset, size)
          for (const [index, piece] of lines.entries()) {
            if (piece.n <= options.after) continue
            last = joinLine(last, piece)
            if (lines[index + 1]?.n !== piece.n) yield last
          }
          if (next === offset) break
          offset = next
        }
      }
      if (isLast) return
      // Checked before the last read, so that lines written before it completed are not missed.
      isLast = changes.isQuiet() && (await options.isComplete())
      if (!isLast) await changes.next()
    }
  } finally {
    changes.close()
    await handle?.close()
  }
}

interface Changes {
  /** whether the last wait ended without a change */
  isQuiet(): boolean
  /** Waits for a change, at most for one polling interval. */
  next(): Promise<void>
  close(): void
}

/** Watches a file with the notifications of the system, and polls where there are none. */
function watchFile(file: string, signal: AbortSignal): Changes {
  let hasChanged = false
  let isQuiet = true
  let wake = (): void => undefined
  const onChange = (): void => {
    hasChanged = true
    wake()
  }
  let watcher = tryWatch(file, onChange)
  signal.addEventListener('abort', onChange, { once: true })
  return {
    isQuiet: () => isQuiet,
    next: () => {
      watcher ??= tryWatch(file, onChange)
      return new Promise((done) => {
        const finish = (): void => {
          clearTimeout(timer)
          isQuiet = !hasChanged
          hasChanged = false
          wake = () => undefined
          done()
        }
        const timer = setTimeout(finish, watcher ? pollMs : pollMs / 5)
        wake = finish
        if (hasChanged || signal.aborted) finish()
      })
    },
    close: () => {
      signal.removeEventListener('abort', onChange)
      watcher?.close()
    },
  }
}

function tryWatch(file: string, onChange: () => void): { close(): void } | null {
  try {
    const watcher = watch(file, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null // the file does not exist yet, or the system has no watch left
  }
}

async function readPage(
  handle: FileHandle,
  { after, limit }: LogRange,
  size: number,
): Promise<StoredLine[]> {
  const page: StoredLine[] = []
  let length = 0
  for (let offset = await findOffset(handle, after, size); offset < size;) {
    const { lines, next } = await readLines(handle, offset, size)
    for (const line of lines) {
      if (line.n <= after) continue
      const last = page.at(-1)
      if (last?.n === line.n) page[page.length - 1] = joinLine(last, line)
      else if (page.length >= limit || length > largestPage) return page
      else page.push(line)
      length += line.text.length
    }
    if (next === offset) return page
    offset = next
  }
  return page
}

function findMissing(lines: StoredLine[], after: number): LogPart['missing'] {
  return lines.flatMap(({ n }, i) => {
    const expected = (lines[i - 1]?.n ?? after) + 1
    return n > expected ? [{ from: expected, to: n - 1 }] : []
  })
}

async function openOrNull(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
