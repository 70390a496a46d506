import { isAscii } from 'node:buffer'
import { withoutEnd } from '#contract/text.ts'
import type { Mask } from '#platform/secret/mask.ts'

/** Maximum length of a line in characters; a longer line is split. */
export const maxLineLength = 64 * 1024
/** Marks every piece of a split line except the last. */
export const splitMark = ' … (the line continues)'

/** Splits a stream of bytes into lines. The lines depend only on the bytes, not on the chunks. */
export interface LineSplitter {
  /**
   * Takes what can be shown of a line that has not ended; null when nothing can. It does not end
   * in the middle of a secret. The next line is what follows it.
   */
  takeOpen(): string | null
  push(chunk: Buffer): string[]
  /** The last line, when it has no line feed. */
  end(): string[]
}

/**
 * Replaces invalid UTF-8 with U+FFFD. Both \n and \r\n end a line; of other \r that follow each
 * other, one is kept.
 */
export function splitLines(mask: Mask): LineSplitter {
  const decode = decoder()
  const window = maxLineLength + mask.reach
  let pending = ''
  let shown = 0 // characters of the pending line that `takeOpen` returned

  /**
   * Cuts pieces off a long line. Where each ends depends only on its first characters, not on how
   * many have arrived.
   */
  const cutLong = (line: string): { pieces: string[]; rest: string } => {
    const pieces: string[] = []
    let rest = line
    while (rest.length >= window) {
      let at = mask.cut(rest.slice(0, window), maxLineLength)
      if (/[\uD800-\uDBFF]/.test(rest[at - 1] ?? '')) at += 1
      pieces.push(rest.slice(0, at))
      rest = rest.slice(at)
    }
    return { pieces: masked(pieces).map((piece) => piece + splitMark), rest }
  }
  const masked = (lines: string[]): string[] =>
    lines.length === 0
      ? lines
      : mask
          .apply(lines.join('\n'))
          .replaceAll(/\r+(?=\r)/g, '')
          .split('\n')
  const finish = (lines: string[]): string[] =>
    masked(lines).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  const finishLong = (line: string): string[] => {
    const { pieces, rest } = cutLong(line)
    return [...pieces, ...finish([rest])]
  }

  const addText = (text: string): string[] => {
    const end = text.lastIndexOf('\n')
    if (end !== -1) shown = 0
    const complete = end === -1 ? [] : (pending + text.slice(0, end)).split('\n')
    pending = end === -1 ? pending + text : text.slice(end + 1)
    const lines = complete.every((line) => line.length < window)
      ? finish(complete)
      : complete.flatMap(finishLong)
    if (pending.length < window) return lines
    const { pieces, rest } = cutLong(pending)
    pending = rest
    shown = 0
    return [...lines, ...pieces]
  }

  return {
    takeOpen: () => {
      if (shown >= maxLineLength) return null
      const length = mask.showable(pending, shown === 0)
      const piece = withoutEnd(pending.slice(0, length), '\r')
      if (piece === '') return null
      pending = pending.slice(piece.length)
      shown += piece.length
      return masked([piece])[0] ?? null
    },
    push: (chunk) => addText(decode(chunk)),
    end: () => {
      const lines = addText(decode(null))
      if (pending === '') return lines
      const last = finish([pending])
      pending = ''
      return [...lines, ...last]
    },
  }
}

/** Decodes UTF-8 in chunks, with a faster path for ASCII, which most logs are. */
function decoder(): (chunk: Buffer | null) => string {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  let isOpen = false // the decoder holds bytes of an incomplete character
  return (chunk) => {
    if (chunk === null) return utf8.decode()
    if (!isOpen && isAscii(chunk)) return chunk.toString('latin1')
    const last = chunk.at(-1)
    if (last !== undefined) isOpen = last >= 0x80
    return utf8.decode(chunk, { stream: true })
  }
}
