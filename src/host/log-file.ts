import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'

const limit = 20 * 1024 * 1024

/**
 * Keeps a service's log bounded: at a start, a file above the limit becomes `.1` and the one before is gone. Rotation waits
 * for a start because the service itself holds the file, so that it goes on writing when the host is dead.
 */
export function rotate(file: string): void {
  try {
    if (statSync(file).size > limit) renameSync(file, `${file}.1`)
  } catch {
    // There is no log yet.
  }
}

/** The last lines of a file, at most so many. */
export function lastLines(file: string, count: number, bytes = 256 * 1024): string[] {
  try {
    const fd = openSync(file, 'r')
    try {
      const { size } = fstatSync(fd)
      const buffer = Buffer.alloc(Math.min(size, bytes))
      readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      const lines = buffer.toString('utf8').split('\n')
      if (lines.at(-1) === '') lines.pop()
      if (size > buffer.length) lines.shift()
      return lines.slice(-count)
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}

/** The last words of a service, to go behind a sentence. */
export function tailOf(file: string): string {
  const words = lastLines(file, 30)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  // Node ends a crash with its version; what was wrong is above it.
  const tail = words
    .filter((line) => !/^Node\.js v\d/.test(line))
    .slice(-3)
    .join(' / ')
    .slice(-400)
  return tail === '' ? '' : `; its last words: ${tail}`
}
