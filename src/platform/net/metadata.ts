/**
 * Teredo (RFC 4380). Its addresses contain an IPv4 address behind a part that varies, so that no
 * prefix covers a single one.
 */
const teredo = '2001::/32'

/**
 * Addresses of cloud metadata services, which hand out credentials: link-local addresses and those
 * of Amazon, Google, Azure, Oracle, Alibaba and Scaleway. Steps and services have no route to them,
 * and the server does not connect to them.
 */
export const metadataAddresses = {
  ipv4: ['169.254.0.0/16', '168.63.129.16/32', '192.0.0.192/32', '100.100.100.200/32'],
  ipv6: ['fe80::/10', 'fd00:ec2::/32', 'fd20:ce::/32', 'fd00:42::42/128', teredo],
}

/** Prefixes of NAT64, whose last 32 bits are an IPv4 address (RFC 6052, RFC 8215). */
const nat64 = ['64:ff9b::', '64:ff9b:1::']
/** Other prefixes whose last 32 bits are an IPv4 address: RFC 4291, and RFC 2765. */
const mapped = ['::ffff:', '::ffff:0:', '::']

/**
 * The IPv6 networks through which a gateway reaches an IPv4 network such as `169.254.0.0/16`;
 * always with a prefix length.
 */
export const gatewayForms = (net: string): string[] => [...inIpv6(net, nat64), in6to4(net)]

/** All IPv6 forms of an IPv4 network. */
export const ipv6Forms = (net: string): string[] => [...inIpv6(net, mapped), ...gatewayForms(net)]

function inIpv6(net: string, prefixes: readonly string[]): string[] {
  const [address = '', bits = '32'] = net.split('/')
  const bytes = address.split('.').map(Number)
  const group = (at: number): string =>
    (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16)
  return prefixes.map((prefix) => `${prefix}${group(0)}:${group(2)}/${96 + Number(bits)}`)
}

/**
 * The network of 6to4 (RFC 3056), in which the IPv4 address follows the first 16 bits; in the short
 * form that `ip rule show` prints.
 */
function in6to4(net: string): string {
  const [first = '', bits] = inIpv6(net, ['2002:'])[0]?.split('/') ?? []
  return `${first.replace(/:0$/, '')}::/${Number(bits) - 80}`
}
