/** HTTP/1 messages as they are on the wire, in latin1, read independently of the edge. */
export interface WireMessage {
  /** The request line or status line. */
  start: string
  /** Names as sent, values without padding. */
  headers: [string, string][]
  /** Without its encoding. */
  body: string
  trailers: [string, string][]
}

export interface Framing {
  /** The message is a response without a body, whatever its headers say. */
  hasNoBody: boolean
  isRequest: boolean
  /** The connection ended after these bytes. */
  isEnded: boolean
}

/** Reads the first message; null when it is incomplete. Throws when it is not valid. */
export function readMessage(
  text: string,
  framing: Framing,
): { message: WireMessage; length: number } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [start = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map(headerOf)
  const value = (name: string): string | undefined =>
    headers.find(([one]) => one.toLowerCase() === name)?.[1]
  const from = end + 4
  const whole = (body: string, length: number, trailers: [string, string][] = []) => ({
    message: { start, headers, body, trailers },
    length,
  })
  if (framing.hasNoBody) return whole('', from)
  if (value('transfer-encoding') !== undefined) {
    const chunks = readChunks(text, from)
    return chunks && whole(chunks.body, chunks.end, chunks.trailers)
  }
  const length = value('content-length')
  if (length === undefined && framing.isRequest) return whole('', from)
  if (length === undefined) return framing.isEnded ? whole(text.slice(from), text.length) : null
  const to = from + Number(length)
  return text.length < to ? null : whole(text.slice(from, to), to)
}

function readChunks(
  text: string,
  from: number,
): { body: string; trailers: [string, string][]; end: number } | null {
  let body = ''
  for (let at = from; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error(`not a chunk: ${text.slice(at, lineEnd)}`)
    at = lineEnd + 2
    if (size === 0) return readTrailers(text, at, body)
    body += text.slice(at, at + size)
    at += size + 2
    if (at > text.length) return null
  }
}

function readTrailers(text: string, from: number, body: string) {
  if (text.startsWith('\r\n', from)) return { body, trailers: [], end: from + 2 }
  const end = text.indexOf('\r\n\r\n', from)
  if (end === -1) return null
  return { body, trailers: text.slice(from, end).split('\r\n').map(headerOf), end: end + 4 }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}
