import { randomBytes } from 'node:crypto'

/** The place of a request in a trace (W3C Trace Context). */
export interface Trace {
  id: string
  /** The header that begins the trace; null when the client sent one. */
  header: string | null
}

/** Version, trace, parent and flags; zeros alone are not valid. */
const form = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/

/**
 * The trace of a request by its header `traceparent`. One without a valid header begins a trace,
 * which is marked as sampled with the probability `share`; null for a share of null. `random` is
 * from 0 to 1.
 */
export function traceOf(
  traceparent: string,
  share: number | null,
  random: () => number,
): Trace | null {
  const [, id] = form.exec(traceparent) ?? []
  if (id !== undefined) return { id, header: null }
  if (share === null) return null
  const bytes = randomBytes(24).toString('hex')
  const flags = random() < share ? '01' : '00'
  const begun = bytes.slice(0, 32)
  return { id: begun, header: `00-${begun}-${bytes.slice(32)}-${flags}` }
}

/** The head of a request, with the empty line at its end, and the header that begins a trace. */
export function headWithTrace(head: string, traceparent: string): string {
  const kept = head.slice(0, -2).replace(/^(?:traceparent|tracestate):[^\r\n]*\r\n/gim, '')
  return `${kept}traceparent: ${traceparent}\r\n\r\n`
}
