/** How a request came here: what it said of its way so far, and its own Host header. */
export interface Way {
  authority: string
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
}

/**
 * The header lines that tell a service who asked. A proxy on this machine that took TLS off knows
 * scheme and host better; what others claim of them is not passed on.
 */
export function forwardedLines(way: Way, client: string): string {
  const isLocal = client === '127.0.0.1' || client === '::1' || client === '::ffff:127.0.0.1'
  const chain = way.forwardedFor === '' ? client : `${way.forwardedFor}, ${client}`
  const proto = isLocal && way.forwardedProto === 'https' ? 'https' : 'http'
  const host = isLocal && way.forwardedHost !== '' ? way.forwardedHost : way.authority
  return `x-forwarded-for: ${chain}\r\nx-forwarded-proto: ${proto}\r\nx-forwarded-host: ${host}\r\n`
}
