import { hasPlainLines } from './head.ts'

const CR = 13
const LF = 10
const maxLineLength = 16_384
/** The size in hexadecimal digits, and extensions without control characters. */
const sizeLine = /^([0-9a-f]{1,12})[ \t]*(?:;[^\0-\x08\n-\x1f\x7f]*)?$/i

/**
 * Finds the end of a chunked body while its bytes pass through unchanged. `feed` returns how many
 * of the bytes belong to the body; `isOver` tells whether the body is complete. Throws when the
 * body is not valid chunked encoding.
 */
export class ChunkScanner {
  isOver = false
  /** The trailer lines, each with its line end. */
  trailers = ''
  readonly #take: ((data: Buffer) => void) | null
  /**
   * What follows: the line with a size, the bytes of a chunk, the line end after them, or trailer
   * lines.
   */
  #state: 'size' | 'data' | 'end' | 'trailer' = 'size'
  #line = ''
  #left = 0

  /** `take` receives the data without its encoding; the bytes are valid only during the call. */
  constructor(take: ((data: Buffer) => void) | null = null) {
    this.#take = take
  }

  feed(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && !this.isOver) {
      if (this.#state === 'data') at = this.#skip(bytes, at)
      else {
        const byte = bytes[at] ?? 0
        at += 1
        if (byte !== LF) this.#append(byte)
        else this.#endLine()
      }
    }
    return at - from
  }

  #skip(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at)
    this.#take?.(bytes.subarray(at, at + taken))
    this.#left -= taken
    if (this.#left === 0) this.#state = 'end'
    return at + taken
  }

  #append(byte: number): void {
    this.#line += String.fromCharCode(byte)
    if (this.#line.length > maxLineLength) throw new Error('a line of a chunked body is too long')
  }

  #endLine(): void {
    if (this.#line.charCodeAt(this.#line.length - 1) !== CR)
      throw new Error('a line of a chunked body ends without CR')
    const line = this.#line.slice(0, -1)
    this.#line = ''
    if (this.#state === 'size') {
      const size = sizeLine.exec(line)
      if (!size) throw new Error('a chunk has no valid size line')
      this.#left = Number.parseInt(size[1] ?? '', 16)
      this.#state = this.#left === 0 ? 'trailer' : 'data'
    } else if (this.#state === 'end') {
      if (line !== '') throw new Error('a chunk is longer than its size line states')
      this.#state = 'size'
    } else if (line === '') this.isOver = true
    else this.#addTrailer(`${line}\r\n`)
  }

  #addTrailer(line: string): void {
    this.trailers += line
    if (!hasPlainLines(line, 0) || this.trailers.length > maxLineLength)
      throw new Error('the trailers of a chunked body are not valid or too long')
  }
}
