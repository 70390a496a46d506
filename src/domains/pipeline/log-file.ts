import type { FileHandle } from 'node:fs/promises'
import {
  joinLines,
  numberAtStart,
  numberWindow,
  parseLine,
  type StoredLine,
} from '#platform/process/step-log.ts'

const blockSize = 64 * 1024
const lineFeed = 10

/**
 * Reads whole pieces of lines from `offset`, the start of one; at least one unless there is none.
 * `next` is the offset after the last whole line, so that an incomplete line is read again later.
 */
export async function readLines(
  handle: FileHandle,
  offset: number,
  size: number,
): Promise<{ lines: StoredLine[]; next: number }> {
  for (let length = blockSize; ; length *= 2) {
    const bytes = await readBytes(handle, offset, Math.min(length, size - offset))
    const end = bytes.lastIndexOf(lineFeed) + 1
    if (end === 0 && bytes.length === length) continue
    const lines = parseLines(bytes.toString('utf8', 0, end))
    return { lines, next: offset + end }
  }
}

/**
 * The offset of a line shortly before the first one with a number above `after`. Numbers increase
 * along the file, so a binary search finds it without an index.
 */
export async function findOffset(handle: FileHandle, after: number, size: number): Promise<number> {
  let low = 0
  let high = size
  while (high - low > 4 * blockSize) {
    const middle = low + Math.floor((high - low) / 2)
    const found = await firstLineFrom(handle, middle, high)
    if (found && found.n <= after) low = found.offset
    else high = middle
  }
  return low
}

/** The first line with a readable number that starts after `from` and before `to`. */
async function firstLineFrom(
  handle: FileHandle,
  from: number,
  to: number,
): Promise<{ offset: number; n: number } | null> {
  for (let start = from; start < to;) {
    const bytes = await readBytes(handle, start, blockSize)
    for (
      let feed = bytes.indexOf(lineFeed);
      feed !== -1;
      feed = bytes.indexOf(lineFeed, feed + 1)
    ) {
      const offset = start + feed + 1
      if (offset >= to) return null
      const head = bytes.subarray(feed + 1, feed + 1 + numberWindow)
      const isWhole = head.length === numberWindow
      const n = numberAtStart(isWhole ? head : await readBytes(handle, offset, numberWindow))
      if (n !== null) return { offset, n }
    }
    if (bytes.length < blockSize) return null
    start += bytes.length
  }
  return null
}

/** The last `count` whole lines, read backwards. `torn` when an incomplete line follows them. */
export async function readLastLines(
  handle: FileHandle,
  count: number,
  size: number,
): Promise<{ lines: StoredLine[]; torn: boolean }> {
  for (let length = Math.min(blockSize, size); ; length = Math.min(length * 2, size)) {
    const bytes = await readBytes(handle, size - length, length)
    // Unless these bytes are the whole file, they may start in the middle of a line.
    const start = length === size ? 0 : bytes.indexOf(lineFeed) + 1
    const end = bytes.lastIndexOf(lineFeed) + 1
    const lines = end > start ? joinLines(parseLines(bytes.toString('utf8', start, end))) : []
    // The pieces of the first line may begin before these bytes.
    if (lines.length > count || length >= size)
      return { lines: lines.slice(-count), torn: end < bytes.length }
  }
}

async function readBytes(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0)
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

/** Leaves out damaged lines; the numbers around them show the gap. */
const parseLines = (text: string): StoredLine[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : (parseLine(line) ?? [])))
