import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Observations } from '#contract/host/observations.ts'
import { batch, type Batch } from '#contract/verdict/verdict.ts'

/** Limit in bytes of one read; the next call continues. */
const readAtOnce = 1_048_576

/**
 * The counts of one canary: one line per batch, appended by the serving host process. A torn line
 * does not affect others. `after` and `next` are byte positions in the file.
 */
export function appendBatch(file: string, one: Batch, sessions: number[]): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const fd = openSync(file, 'a+', 0o600)
  try {
    const { size } = fstatSync(fd)
    const last = Buffer.alloc(1)
    const isTorn = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10
    const line = JSON.stringify(sessions.length === 0 ? one : { ...one, sessions })
    writeSync(fd, `${isTorn ? '\n' : ''}${line}\n`)
  } finally {
    closeSync(fd)
  }
}

/** The sessions counted so far, by any process. */
export function readSessions(file: string): number[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) =>
      line.includes('"sessions"') ? parse(line, counted).flatMap(({ sessions }) => sessions) : [],
    )
}

const counted = z.object({ sessions: z.array(z.number()) })

/** Bytes of the file; 0 when there is none. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

export function readBatches(file: string, after: number): Observations {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { batches: [], next: after }
    throw error
  }
  try {
    const bytes = Buffer.alloc(Math.min(readAtOnce, Math.max(0, fstatSync(fd).size - after)))
    const end = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, after)).lastIndexOf(10) + 1
    return {
      batches: bytes
        .toString('utf8', 0, end)
        .split('\n')
        .flatMap((line) => parse(line, batch)),
      next: after + end,
    }
  } finally {
    closeSync(fd)
  }
}

function parse<T>(line: string, shape: z.ZodType<T>): T[] {
  try {
    return line === '' ? [] : [shape.parse(JSON.parse(line))]
  } catch {
    return []
  }
}
