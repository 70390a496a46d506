import { execFile } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'
import type { HostService } from '#contract/host/host.ts'
import { createMask, type Mask } from '#platform/secret/mask.ts'

/** Bytes of one instance's log that are kept on disk, twice: the file, and the one before. */
const limit = 16 * 1024 * 1024
const block = 4096

/** At a start, a long file becomes `.1` and the one before is gone. */
export function rotate(file: string): void {
  if (bytesOnDisk(file) > limit / 2) renameSync(file, `${file}.1`)
}

/**
 * Gives back the disk under the oldest lines of a log that a service writes at this moment. The
 * service holds the file and goes on writing when the host is dead, so it cannot be moved away: its
 * beginning becomes a hole instead, and no line after it is touched. Where the filesystem has no
 * holes the file is emptied.
 */
export function trim(file: string, keep = limit): Promise<void> {
  const size = bytesOnDisk(file)
  if (size <= keep) return Promise.resolve()
  const hole = Math.floor((statSync(file).size - keep / 2) / block) * block
  return new Promise((resolve) => {
    execFile(
      'fallocate',
      ['--punch-hole', '--offset', '0', '--length', String(hole), file],
      (error) => {
        if (error) truncateSync(file)
        resolve()
      },
    )
  })
}

function bytesOnDisk(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * 512
}

/** The last lines of a file, at most so many. */
export function lastLines(file: string, count: number, bytes = 256 * 1024): string[] {
  try {
    const fd = openSync(file, 'r')
    try {
      const { size } = fstatSync(fd)
      const buffer = Buffer.alloc(Math.min(size, bytes))
      readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      // What was cut off reads as zeros, up to the middle of a line.
      const hole = buffer.lastIndexOf(0)
      const lines = buffer.toString('utf8', hole + 1).split('\n')
      if (lines.at(-1) === '') lines.pop()
      if (size > buffer.length || hole !== -1) lines.shift()
      return lines.slice(-count)
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}

/** The last lines of a service, with its secrets hidden. */
export const shownLines = (
  file: string,
  service: Pick<HostService, 'env' | 'secrets'>,
  count: number,
): string[] => {
  const lines = lastLines(file, count)
  return lines.length === 0 ? [] : maskOf(service).apply(lines.join('\n')).split('\n')
}

/** Secrets of a service, as they may be in its log. */
function maskOf({ env, secrets = [] }: Pick<HostService, 'env' | 'secrets'>): Mask {
  return createMask(secrets.flatMap((name) => env[name] ?? []))
}

/** The last words of a service, to go behind a sentence, with its secrets hidden. */
export function tailOf(file: string, service: Pick<HostService, 'env' | 'secrets'>): string {
  const words = shownLines(file, service, 30)
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
