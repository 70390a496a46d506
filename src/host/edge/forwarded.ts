import type { IsProxy } from '#platform/net/edge-proxies.ts'

/** How a request arrived: its forwarding headers and its Host header. */
export interface Way {
  authority: string
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
  /** The lines of other headers by which a proxy tells about its client. */
  claims: string
}

/**
 * Headers besides these three by which a proxy tells about its client. Many apps believe them, so
 * only those of believed proxies pass.
 */
export const isClaim = (name: string): boolean =>
  name === 'forwarded' || name === 'x-real-ip' || name.startsWith('x-forwarded-')

/** The client of a connection, and whether the connection has TLS. */
export interface Client {
  address: string
  isSecure: boolean
}

/**
 * Header lines that tell the service about the client. A proxy that terminated TLS knows the scheme
 * and the host: one of `proxies`, or without these, one on this machine. The same claims of other
 * clients are dropped; with `proxies`, so are the addresses that they name. `Forwarded` of a proxy
 * gets one more element (RFC 7239 §4).
 */
export function forwardedLines(
  way: Way,
  { address: client, isSecure }: Client,
  proxies: IsProxy | null,
): string {
  const isTrusted = isBelieved(client, proxies)
  const isChain = way.forwardedFor !== '' && (isTrusted || proxies === null)
  const chain = isChain ? `${way.forwardedFor}, ${client}` : client
  const proto = isSecure || (isTrusted && way.forwardedProto === 'https') ? 'https' : 'http'
  const host = isTrusted && way.forwardedHost !== '' ? way.forwardedHost : way.authority
  const claims = isTrusted && way.claims !== '' ? claimLines(way.claims, client, proto) : ''
  const scheme = `x-forwarded-proto: ${proto}\r\n`
  return `${claims}x-forwarded-for: ${chain}\r\n${scheme}x-forwarded-host: ${host}\r\n`
}

function claimLines(claims: string, client: string, proto: string): string {
  if (!/^forwarded:/im.test(claims)) return claims
  const node = client.includes(':') ? `"[${client}]"` : client
  return `${claims}forwarded: for=${node};proto=${proto}\r\n`
}

/**
 * The address of the client: that of the connection, or the last one of the chain that is none of a
 * believed proxy.
 */
export function clientAddress(
  forwardedFor: string,
  { address }: Client,
  proxies: IsProxy | null,
): string {
  const chain = forwardedFor === '' ? [] : forwardedFor.split(',').map((one) => one.trim())
  let client = address
  while (chain.length > 0 && isBelieved(client, proxies)) client = bare(chain.pop() ?? '')
  return bare(client)
}

/** An address without a port, brackets, or the prefix of IPv4 in IPv6. */
const bare = (address: string): string =>
  address
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '')

/** Whether the client used HTTPS: to this edge, or to a proxy in front that it believes. */
export const isHttps = (
  forwardedProto: string,
  { address, isSecure }: Client,
  proxies: IsProxy | null,
): boolean => isSecure || (forwardedProto === 'https' && isBelieved(address, proxies))

const isBelieved = (client: string, proxies: IsProxy | null): boolean =>
  proxies === null ? isLocal(client) : proxies(client)

const isLocal = (client: string): boolean =>
  client === '127.0.0.1' || client === '::1' || client === '::ffff:127.0.0.1'
