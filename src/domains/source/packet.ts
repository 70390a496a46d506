/**
 * Git's packet lines (gitprotocol-common): four hexadecimal digits of length, which count
 * themselves.
 */
export function packet(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

export const flushPacket: Buffer = Buffer.from('0000')

/** What a side band carries: git's own answer, what the developer reads, or why it ends here. */
const bands = { answer: 1, progress: 2, fatal: 3 } as const

/** The longest text in one packet. */
const mostText = 900

export function bandPacket(band: keyof typeof bands, text: string): Buffer {
  // Control characters would do things to the terminal of the one who pushes.
  const line = Buffer.from(`${text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, ' ').slice(0, mostText)}\n`)
  return packet(Buffer.concat([Buffer.from([bands[band]]), line]))
}

export interface AnswerReader {
  /** Takes what receive-pack wrote; returns what may go on to the client now. */
  read(chunk: Buffer): Buffer
  /** what is held back: git's word that the push is done */
  rest(): Buffer
  /** whether the client takes side bands */
  hasBands(): boolean
}

/**
 * Reads receive-pack's answer as it comes. Progress passes; the answer itself is held back from its
 * first byte on, so that a push is not acknowledged before it is stored. A client without side
 * bands gets everything at the end.
 */
export function readAnswer(): AnswerReader {
  let held: Buffer = Buffer.alloc(0)
  let open: boolean | null = null
  return {
    read: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (open === null && held.length >= 5) open = (held[4] ?? 0) >= 1 && (held[4] ?? 0) <= 3
      if (open !== true) return Buffer.alloc(0)
      let end = 0
      while (end + 5 <= held.length && held[end + 4] !== bands.answer) {
        const size = Number.parseInt(held.toString('latin1', end, end + 4), 16)
        if (!(size > 4) || end + size > held.length) break
        end += size
      }
      const passed = held.subarray(0, end)
      held = held.subarray(end)
      return passed
    },
    rest: () => held,
    hasBands: () => open === true,
  }
}
