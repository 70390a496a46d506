/** A piece of the output of a container, as the Engine sends it. */
export interface Piece {
  /** nanoseconds since 1970 */
  at: bigint
  /** with its line feed, unless the line goes on in the next piece */
  text: Buffer
}

/**
 * Reads the stream of `/containers/ID/logs` with timestamps: frames with a head of eight bytes,
 * whose last four are the length, and in each one a time, a space and the text.
 */
export class OutputFrames {
  #rest = Buffer.alloc(0)

  push(chunk: Buffer): Piece[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const pieces: Piece[] = []
    while (bytes.length >= 8) {
      const end = 8 + bytes.readUInt32BE(4)
      if (bytes.length < end) break
      pieces.push(pieceOf(bytes.subarray(8, end)))
      bytes = bytes.subarray(end)
    }
    this.#rest = Buffer.from(bytes)
    return pieces
  }
}

function pieceOf(frame: Buffer): Piece {
  const space = frame.indexOf(32)
  return { at: nanoseconds(frame.toString('latin1', 0, space)), text: frame.subarray(space + 1) }
}

/** Nanoseconds since 1970 of a time such as `2026-11-30T06:00:00.000000001Z`; 0 for no time. */
export function nanoseconds(time: string): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time)
  if (!match) return 0n
  const [, second, fraction = '', zone] = match
  const milliseconds = BigInt(Date.parse(`${second}${zone}`))
  return milliseconds * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** A time for `since`: seconds with nanoseconds. */
export function sinceOf(at: bigint): string {
  const digits = at.toString().padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
