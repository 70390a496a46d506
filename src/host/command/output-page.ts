import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { CommandPage } from '#contract/job/host.ts'

const longestPage = 256 * 1024
const newline = 10
const block = 4096
const zeros = Buffer.alloc(block)

/**
 * The whole lines of a file after a position, at most 256 KiB. A longer line is cut. The last line
 * may lack its end once nothing more is written. `skipped` counts bytes that were deleted.
 */
export function readPage(file: string, after: number, isEnded: boolean): CommandPage {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return { lines: [], next: after, skipped: 0, complete: isEnded }
  }
  try {
    const { size } = fstatSync(fd)
    const from = endOfHole(fd, Math.min(after, size), size)
    const buffer = Buffer.alloc(Math.min(size - from, longestPage))
    readSync(fd, buffer, 0, buffer.length, from)
    // Deleted lines read as zeros, up to the middle of a line.
    const hole = buffer.lastIndexOf(0)
    const begin = hole === -1 ? 0 : firstLine(buffer, hole)
    const isLast = from + buffer.length === size
    const end = endOf(buffer, begin, isLast && isEnded)
    const text = buffer.toString('utf8', begin, end).replace(/\n$/, '')
    return {
      lines: end > begin ? text.split('\n') : [],
      next: from + end,
      skipped: Math.max(0, from - after) + begin,
      complete: isEnded && from + end === size,
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * Where the lines begin that were not deleted, or a little before. A hole can have gigabytes, so
 * its end is found by bisection.
 */
function endOfHole(fd: number, from: number, size: number): number {
  const buffer = Buffer.alloc(block)
  const isHole = (at: number): boolean =>
    readSync(fd, buffer, 0, block, at) === block && buffer.equals(zeros)
  if (!isHole(from)) return from
  let [low, high] = [from, size]
  while (high - low > block) {
    const middle = low + Math.floor((high - low) / 2)
    if (isHole(middle)) low = middle
    else high = middle
  }
  return low
}

function firstLine(buffer: Buffer, hole: number): number {
  const end = buffer.indexOf(newline, hole)
  return end === -1 ? buffer.length : end + 1
}

function endOf(buffer: Buffer, begin: number, takesAll: boolean): number {
  if (takesAll) return buffer.length
  const end = buffer.lastIndexOf(newline) + 1
  if (end > begin) return end
  return buffer.length === longestPage ? buffer.length : begin
}
