import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import type { HostService } from '#contract/host/service.ts'
import type { NewOutput, OutputPlace, OutputPlaces } from '#contract/host/output.ts'
import { maskOf } from './log-file.ts'

/** The output of an instance. */
export interface InstanceOutput {
  key: string
  file: string
  service: Pick<HostService, 'env' | 'secrets'>
}

type NewFile = NewOutput['files'][number]

/** Bytes that are read of one instance, and of all, in one call. */
const limits = { ofOne: 512 * 1024, all: 4 * 1024 * 1024 }

/** Reads what instances wrote after the places. `now` is in milliseconds. */
export function readOutput(outputs: InstanceOutput[], after: OutputPlaces, now: number): NewOutput {
  const files: NewFile[] = []
  let left = limits.all
  for (const { key, file, service } of outputs) {
    const read = left > 0 ? readNew(file, after[key], now, Math.min(left, limits.ofOne)) : null
    if (!read) continue
    left -= read.bytes
    const { lines, from, until, skipped, idle } = read
    const shown = lines.length === 0 ? [] : maskOf(service).apply(lines.join('\n')).split('\n')
    files.push({ key, lines: shown, from, until, skipped, idle })
  }
  return { keys: outputs.map(({ key }) => key), files }
}

type Read = Omit<NewFile, 'key'> & { bytes: number }

function readNew(
  file: string,
  after: OutputPlace | undefined,
  now: number,
  limit: number,
): Read | null {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats) return null
  // At a start, a long file is renamed: its end is read first.
  const former = after && after.file !== stats.ino ? statOf(`${file}.1`, after.file) : null
  const rest = former && after ? readFrom(`${file}.1`, former, after, now, limit) : null
  if (rest) return { ...rest, idle: Infinity }
  const isSame = after?.file === stats.ino && after.at <= stats.size
  const place = isSame ? after : { file: stats.ino, at: 0, lines: 0 }
  return readFrom(file, stats, place, now, limit)
}

function statOf(file: string, inode: number): Stats | null {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats?.ino === inode ? stats : null
}

/** Null when there is nothing new, and nothing that is to be read again. */
function readFrom(
  file: string,
  { size, ino, mtimeMs }: Stats,
  place: OutputPlace,
  now: number,
  limit: number,
): Read | null {
  const skipped = Math.max(0, size - place.at - limit)
  let start = place.at + skipped
  if (start >= size) return null
  let bytes = readBytes(file, start, size - start)
  // The hole that limits the size of a file reads as zeros, up to the middle of a line.
  const hole = bytes.lastIndexOf(0) + 1
  const isCut = skipped > 0 || hole > 0
  const first = isCut ? bytes.indexOf(10, hole) + 1 : 0
  bytes = bytes.subarray(first)
  start += first
  const end = bytes.lastIndexOf(10) + 1
  const isLong = end === 0 && bytes.length >= limit
  if (end === 0 && !isLong) return null
  const whole = isLong ? bytes : bytes.subarray(0, end)
  const lines = whole.toString('utf8').split('\n')
  if (lines.at(-1) === '') lines.pop()
  const read = isCut ? 0 : place.lines
  return {
    lines: lines.slice(read),
    from: { file: ino, at: start, lines: read },
    until: { file: ino, at: start + whole.length, lines: 0 },
    skipped: hole > 0 && !skipped ? hole : skipped,
    idle: Math.max(0, now - mtimeMs),
    bytes: whole.length,
  }
}

function readBytes(file: string, from: number, count: number): Buffer {
  const fd = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(count)
    return buffer.subarray(0, readSync(fd, buffer, 0, count, from))
  } finally {
    closeSync(fd)
  }
}
