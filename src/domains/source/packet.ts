/**
 * A packet line of git (gitprotocol-common): the length in four hexadecimal digits, including these
 * digits, and the data.
 */
export function packet(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

export const flushPacket: Buffer = Buffer.from('0000')

/** The side bands: git's answer, text for the developer, and a fatal error. */
const bands = { answer: 1, progress: 2, fatal: 3 } as const

/** Longest text in one packet, in characters. */
const maxText = 900

export function bandPacket(band: keyof typeof bands, text: string): Buffer {
  // Control characters could manipulate the terminal of the developer.
  const line = Buffer.from(`${text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, ' ').slice(0, maxText)}\n`)
  return packet(Buffer.concat([Buffer.from([bands[band]]), line]))
}

/** A ref and the object that a push asks it to have; null deletes the ref. */
export interface Command {
  ref: string
  sha: string | null
}

/** Bytes of commands that are read; a push with more of them counts as one without. */
const maxCommands = 4 * 1024 * 1024

/**
 * Reads the commands at the start of the request of a push (gitprotocol-pack): lines `OLD NEW REF`
 * up to a flush packet.
 */
export function readCommands(): { read(chunk: Buffer): void; list(): Command[] } {
  let held: Buffer = Buffer.alloc(0)
  let isOpen = true
  const commands: Command[] = []
  const take = (): boolean => {
    const size = Number.parseInt(held.toString('latin1', 0, 4), 16)
    if (held.length < 4 || held.length < size) return false
    if (!(size > 4)) isOpen = false
    const line = held.toString('utf8', 4, Math.max(size, 4))
    const [, sha, ref] = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) ([^\0\n]+)/.exec(line) ?? []
    if (sha !== undefined && ref !== undefined)
      commands.push({ ref, sha: /^0+$/.test(sha) ? null : sha })
    held = held.subarray(size)
    return isOpen
  }
  return {
    read: (chunk) => {
      if (!isOpen) return
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (held.length > maxCommands) isOpen = false
      while (isOpen && take());
      if (!isOpen) held = Buffer.alloc(0)
    },
    list: () => commands,
  }
}

export interface AnswerReader {
  /** Reads output of receive-pack, and returns the part that may be sent to the client now. */
  read(chunk: Buffer): Buffer
  /** the part held back: git's acknowledgement of the push */
  rest(): Buffer
  /** whether the client supports side bands */
  hasBands(): boolean
}

/**
 * Reads the answer of receive-pack as a stream. Progress passes through; the answer itself is held
 * back, so that a push is not acknowledged before it is stored. For a client without side bands,
 * everything is held back.
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
