/** How a request arrived: its forwarding headers and its Host header. */
export interface Way {
  authority: string
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
}

/**
 * Header lines that tell the service about the client. A proxy on this machine that terminated TLS
 * knows the scheme and the host; the same claims of other clients are dropped.
 */
export function forwardedLines(way: Way, client: string): string {
  const isLocal = client === '127.0.0.1' || client === '::1' || client === '::ffff:127.0.0.1'
  const chain = way.forwardedFor === '' ? client : `${way.forwardedFor}, ${client}`
  const proto = isLocal && way.forwardedProto === 'https' ? 'https' : 'http'
  const host = isLocal && way.forwardedHost !== '' ? way.forwardedHost : way.authority
  return `x-forwarded-for: ${chain}\r\nx-forwarded-proto: ${proto}\r\nx-forwarded-host: ${host}\r\n`
}
