import { type FileHandle, open } from 'node:fs/promises'
import { formatLine, parseLine, type StoredLine } from '#platform/process/step-log.ts'

type Stream = StoredLine['stream']

/** Writes numbered lines to the log of one attempt. */
export interface LogWriter {
  /** Appends lines. Returns false when the caller should wait for `drained` before it adds more. */
  add(stream: Stream, lines: string[]): boolean
  /** Appends a piece of a line whose end follows; the next line of the stream continues it. */
  addOpen(stream: Stream, piece: string): void
  drained(): Promise<void>
  /** Writes the remaining lines to disk and returns the number of lines in the log. */
  close(): Promise<number>
  /** why lines could not be written; null while they can */
  failure(): string | null
}

export interface LogLimits {
  /** maximum size of the log in bytes; further lines are dropped */
  bytes: number
  /** how long a line may wait for others to be written with, ms */
  delay: number
}

export const logLimits: LogLimits = { bytes: 1024 ** 3, delay: 25 }

/** Bytes that may wait for the disk before the command has to wait. */
const highWater = 512 * 1024

/**
 * Opens a log and continues after its last whole line. Writes one batch of lines at a time, so that
 * a killed runner loses at most the lines of the last `delay`. Calls `onFailure` once when a write
 * fails.
 */
export async function openLog(options: {
  file: string
  limits: LogLimits
  now: () => number
  onFailure: (reason: string) => void
}): Promise<LogWriter> {
  const { limits, now } = options
  const handle = await open(options.file, 'a+', 0o600)
  const continued = await continueAfter(handle)
  let { n, size } = continued
  let waiting: string[] = []
  let waitingLength = 0
  let leftOut = 0
  let openStream: Stream | null = null
  let reason: string | null = null
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> | null = null

  const fail = (error: NodeJS.ErrnoException): void => {
    if (reason !== null) return
    const why =
      error.code === 'ENOSPC' || error.code === 'EDQUOT'
        ? 'no space is left on the disk'
        : (error.code ?? error.message)
    reason = `its log could not be written: ${why}`
    options.onFailure(reason)
  }
  const append = (stream: Stream, text: string, isOpen = false): void => {
    // Another stream that writes meanwhile ends an open line, because numbers increase.
    if (openStream !== stream) n += 1
    openStream = isOpen ? stream : null
    const line = formatLine({ n, time: now(), stream, text, ...(isOpen ? { open: true } : {}) })
    waiting.push(line)
    const length = Buffer.byteLength(line)
    waitingLength += length
    size += length
  }
  const writeWaiting = async (): Promise<void> => {
    while (waiting.length > 0 && reason === null) {
      const batch = Buffer.from(waiting.join(''))
      waiting = []
      waitingLength = 0
      try {
        await writeAll(handle, batch)
      } catch (error) {
        fail(error as NodeJS.ErrnoException)
      }
    }
  }
  const flush = (): Promise<void> => {
    if (timer) clearTimeout(timer)
    timer = null
    writing ??= writeWaiting().finally(() => (writing = null))
    return writing
  }

  const schedule = (): void => {
    if (waitingLength >= highWater) void flush()
    else if (waitingLength > 0) timer ??= setTimeout(() => void flush(), limits.delay)
  }

  return {
    add: (stream, lines) => {
      if (reason !== null) return true
      for (const text of lines) {
        if (size < limits.bytes || stream === 'fairlead') append(stream, text)
        else {
          leftOut += 1
          if (leftOut === 1)
            append(
              'fairlead',
              `The log has reached ${inWords(limits.bytes)}; further lines are dropped.`,
            )
        }
      }
      schedule()
      return waitingLength < highWater
    },
    addOpen: (stream, piece) => {
      if (reason !== null || size >= limits.bytes) return
      append(stream, piece, true)
      schedule()
    },
    drained: flush,
    failure: () => reason,
    close: async () => {
      if (leftOut > 0) append('fairlead', `${leftOut} lines were dropped.`)
      while (waiting.length > 0 && reason === null) await flush()
      if (timer) clearTimeout(timer)
      await writing
      try {
        // The database will record the number of lines, and both must survive a power failure.
        if (reason === null && size > continued.size)
          await handle.datasync().catch(ignoreUnsupported)
        if (reason !== null) n = (await continueAfter(handle)).n
      } finally {
        await handle.close()
      }
      return n
    },
  }
}

/** A log that is not a regular file cannot be synced. */
function ignoreUnsupported(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL') throw error
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
}

function inWords(bytes: number): string {
  const units = [
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ] as const
  const [unit, size] = units.find(([, each]) => bytes >= each) ?? ['bytes', 1]
  return `${Math.round((bytes / size) * 10) / 10} ${unit}`
}

/** Cuts off an incomplete or damaged tail. Returns the number of the last line and the size. */
async function continueAfter(handle: FileHandle): Promise<{ n: number; size: number }> {
  const stat = await handle.stat()
  if (!stat.isFile() || stat.size === 0) return { n: 0, size: 0 }
  const step = 1024 * 1024
  for (let start = Math.max(0, stat.size - step); ; start = Math.max(0, start - step)) {
    const bytes = Buffer.alloc(stat.size - start)
    await handle.read(bytes, 0, bytes.length, start)
    const found = lastWholeLine(bytes)
    if (!found && start > 0) continue
    const size = found ? start + found.end : 0
    if (size < stat.size) await handle.truncate(size)
    return { n: found?.n ?? 0, size }
  }
}

function lastWholeLine(bytes: Buffer): { n: number; end: number } | null {
  for (
    let end = bytes.lastIndexOf(10);
    end >= 0;
    end = end === 0 ? -1 : bytes.lastIndexOf(10, end - 1)
  ) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(10, end - 1) + 1
    const line = parseLine(bytes.toString('utf8', start, end))
    if (line) return { n: line.n, end: end + 1 }
  }
  return null
}
