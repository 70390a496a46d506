import { isAscii } from 'node:buffer'
import type { Mask } from '#platform/secret/mask.ts'

/** A line longer than this is split; characters. */
export const longestLine = 64 * 1024
/** Ends every piece of a split line but the last. */
export const splitMark = ' … (the line goes on)'

/**
 * Makes lines of the bytes of one stream. The answer depends only on the bytes, not on how they
 * were cut.
 */
export interface LineSplitter {
  push(chunk: Buffer): string[]
  /** The last line, when it was not ended. */
  end(): string[]
}

/** Bytes that are not UTF-8 become U+FFFD; \r\n ends a line as \n does, any other \r stays. */
export function splitLines(mask: Mask): LineSplitter {
  const decode = decoder()
  const window = longestLine + mask.reach
  let pending = ''

  /**
   * Cuts pieces off a long line, each judged by its first characters only, however many there are
   * by now.
   */
  const cutLong = (line: string): { pieces: string[]; rest: string } => {
    const pieces: string[] = []
    let rest = line
    while (rest.length >= window) {
      let at = mask.cut(rest.slice(0, window), longestLine)
      if (/[\uD800-\uDBFF]/.test(rest[at - 1] ?? '')) at += 1
      pieces.push(rest.slice(0, at))
      rest = rest.slice(at)
    }
    return { pieces: masked(pieces).map((piece) => piece + splitMark), rest }
  }
  const masked = (lines: string[]): string[] =>
    lines.length === 0 ? lines : mask.apply(lines.join('\n')).split('\n')
  const finish = (lines: string[]): string[] =>
    masked(lines).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  const finishLong = (line: string): string[] => {
    const { pieces, rest } = cutLong(line)
    return [...pieces, ...finish([rest])]
  }

  const take = (text: string): string[] => {
    const end = text.lastIndexOf('\n')
    const complete = end === -1 ? [] : (pending + text.slice(0, end)).split('\n')
    pending = end === -1 ? pending + text : text.slice(end + 1)
    const lines = complete.every((line) => line.length < window)
      ? finish(complete)
      : complete.flatMap(finishLong)
    if (pending.length < window) return lines
    const { pieces, rest } = cutLong(pending)
    pending = rest
    return [...lines, ...pieces]
  }

  return {
    push: (chunk) => take(decode(chunk)),
    end: () => {
      const lines = take(decode(null))
      if (pending === '') return lines
      const last = finish([pending])
      pending = ''
      return [...lines, ...last]
    },
  }
}

/** UTF-8 in pieces; plain ASCII, which most of a log is, goes a shorter way. */
function decoder(): (chunk: Buffer | null) => string {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  let isOpen = false // bytes of an unfinished character are held
  return (chunk) => {
    if (chunk === null) return utf8.decode()
    if (!isOpen && isAscii(chunk)) return chunk.toString('latin1')
    const last = chunk.at(-1)
    if (last !== undefined) isOpen = last >= 0x80
    return utf8.decode(chunk, { stream: true })
  }
}
