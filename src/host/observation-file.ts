import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Observations } from '#contract/host.ts'
import { batch, type Batch } from '#contract/verdict.ts'

/** Read at once, in bytes; what is left comes with the next call. */
const readAtOnce = 1_048_576

/**
 * What was counted of one canary: a line for each batch, appended by whichever host process serves. A line that a crash cut
 * off spoils no other. `after` and `next` are places in the file.
 */
export function appendBatch(file: string, one: Batch): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const fd = openSync(file, 'a+', 0o600)
  try {
    const { size } = fstatSync(fd)
    const last = Buffer.alloc(1)
    const isTorn = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10
    writeSync(fd, `${isTorn ? '\n' : ''}${JSON.stringify(one)}\n`)
  } finally {
    closeSync(fd)
  }
}

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
    return { batches: bytes.toString('utf8', 0, end).split('\n').flatMap(parseLine), next: after + end }
  } finally {
    closeSync(fd)
  }
}

function parseLine(line: string): Batch[] {
  try {
    return line === '' ? [] : [batch.parse(JSON.parse(line))]
  } catch {
    return []
  }
}
