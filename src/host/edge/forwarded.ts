import type { IsProxy } from '#platform/net/edge-proxies.ts'

/** How a request arrived: its forwarding headers and its Host header. */
export interface Way {
  authority: string
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
}

/**
 * Header lines that tell the service about the client. A proxy that terminated TLS knows the scheme
 * and the host: one of `proxies`, or without these, one on this machine. The same claims of other
 * clients are dropped; with `proxies`, so are the addresses that they name.
 */
export function forwardedLines(way: Way, client: string, proxies: IsProxy | null): string {
  const isTrusted = proxies === null ? isLocal(client) : proxies(client)
  const isChain = way.forwardedFor !== '' && (isTrusted || proxies === null)
  const chain = isChain ? `${way.forwardedFor}, ${client}` : client
  const proto = isTrusted && way.forwardedProto === 'https' ? 'https' : 'http'
  const host = isTrusted && way.forwardedHost !== '' ? way.forwardedHost : way.authority
  return `x-forwarded-for: ${chain}\r\nx-forwarded-proto: ${proto}\r\nx-forwarded-host: ${host}\r\n`
}

const isLocal = (client: string): boolean =>
  client === '127.0.0.1' || client === '::1' || client === '::ffff:127.0.0.1'
