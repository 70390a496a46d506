/** An item of an envelope: an event, an attachment, a session and the like. */
export interface EnvelopeItem {
  type: string
  payload: Buffer
}

/** The bytes are no envelope; the message is one sentence. */
export class EnvelopeProblem extends Error {
  override name = 'EnvelopeProblem'
}

const mostItems = 100
const lineFeed = 10

/**
 * Reads an envelope: a line of JSON, and then for each item a line of JSON and its payload. See
 * "Envelopes" in Sentry's developer documentation.
 */
export function readEnvelope(bytes: Buffer): EnvelopeItem[] {
  const items: EnvelopeItem[] = []
  let at = lineEnd(bytes, 0) + 1
  readHeader(bytes.subarray(0, at))
  while (at < bytes.length && items.length < mostItems) {
    const end = lineEnd(bytes, at)
    const line = bytes.subarray(at, end)
    at = end + 1
    if (line.length === 0) continue
    const { type, length } = readHeader(line)
    const stated = typeof length === 'number' && Number.isInteger(length) ? length : null
    if (stated !== null && (stated < 0 || at + stated > bytes.length))
      throw new EnvelopeProblem('an item is longer than the envelope')
    const until = stated === null ? lineEnd(bytes, at) : at + stated
    items.push({ type: String(type), payload: bytes.subarray(at, until) })
    at = bytes[until] === lineFeed ? until + 1 : until
  }
  return items
}

function lineEnd(bytes: Buffer, from: number): number {
  const found = bytes.indexOf(lineFeed, from)
  return found === -1 ? bytes.length : found
}

function readHeader(line: Buffer): { type?: unknown; length?: unknown } {
  try {
    const parsed: unknown = JSON.parse(line.toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // Reported below.
  }
  throw new EnvelopeProblem('a header is not a JSON object')
}
