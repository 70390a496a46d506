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
import type { HostService } from '#contract/host/service.ts'
import { createMask, type Mask } from '#platform/secret/mask.ts'
import { firstError } from '#platform/process/output-error.ts'
import { helperEnvironment, programOf } from '#platform/process/program.ts'

/** Limit in bytes of an instance's log; the current and the previous file are kept. */
const limit = 16 * 1024 * 1024
const block = 4096

/** At a start, a long file becomes `.1` and replaces the previous one. */
export function rotate(file: string): void {
  if (bytesOnDisk(file) > limit / 2) renameSync(file, `${file}.1`)
}

/**
 * Frees the disk space of the oldest lines while a service writes. The service keeps the file open
 * even when the host is dead, so the file cannot be moved; its beginning becomes a hole, and later
 * lines are untouched. On a file system without holes, the file is emptied.
 */
export function trim(file: string, keep = limit): Promise<void> {
  const size = bytesOnDisk(file)
  if (size <= keep) return Promise.resolve()
  const hole = Math.floor((statSync(file).size - keep / 2) / block) * block
  return new Promise((resolve) => {
    execFile(
      programOf('fallocate'),
      ['--punch-hole', '--offset', '0', '--length', String(hole), file],
      { env: helperEnvironment() },
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

/** Returns the last lines of a file after the position `from`, at most `count`. */
export function lastLines(
  file: string,
  count: number,
  { bytes = 256 * 1024, from = 0 }: { bytes?: number; from?: number } = {},
): string[] {
  try {
    const fd = openSync(file, 'r')
    try {
      const { size } = fstatSync(fd)
      // The file was replaced or emptied after the position was recorded.
      const start = from > size ? 0 : from
      const buffer = Buffer.alloc(Math.min(size - start, bytes))
      readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      // A hole reads as zeros, up to the middle of a line.
      const hole = buffer.lastIndexOf(0)
      const lines = buffer.toString('utf8', hole + 1).split('\n')
      if (lines.at(-1) === '') lines.pop()
      if (size - start > buffer.length || hole !== -1) lines.shift()
      return lines.slice(-count)
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}

/** The size of a file in bytes; 0 when there is none. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** The last lines of a service with its secrets masked. */
export const shownLines = (
  file: string,
  service: Pick<HostService, 'env' | 'secrets'>,
  count: number,
  from = 0,
): string[] => {
  const lines = lastLines(file, count, { from })
  return lines.length === 0 ? [] : maskOf(service).apply(lines.join('\n')).split('\n')
}

/** A mask for the secrets of a service. */
export function maskOf({ env, secrets = [] }: Pick<HostService, 'env' | 'secrets'>): Mask {
  return createMask(secrets.flatMap((name) => env[name] ?? []))
}

/** Lines of the output of one process in which its first error is searched. */
const searchedLines = 2000

/**
 * What the output of a process after the position `from` says about its end, for the end of a
 * sentence: its first error, or its last lines when it reports none. Secrets are masked.
 */
export function explainOutput(
  file: string,
  service: Pick<HostService, 'env' | 'secrets'>,
  from = 0,
): string {
  const lines = shownLines(file, service, searchedLines, from)
  const error = firstError(lines)
  if (error !== null) return `; its first error: ${error.slice(0, longestQuote)}`
  const end = lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join(' / ')
    .slice(-longestQuote)
  return end === '' ? '' : `; its output ends with: ${end}`
}

/** Characters of output that a sentence quotes. */
const longestQuote = 400
