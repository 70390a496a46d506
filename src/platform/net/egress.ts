import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'

/**
 * Addresses of cloud metadata services, which hand out credentials: link-local addresses and those
 * of Amazon, Google, Azure, Oracle and Alibaba. Loopback and private networks stay open, because
 * forges and databases live there.
 */
const closed = [
  ...['169.254.0.0/16', 'fe80::/10', '168.63.129.16/32', '192.0.0.192/32', '100.100.100.200/32'],
  ...['fd00:ec2::/32', 'fd20:ce::/32'],
]

/** Decides which addresses the server may connect to. */
export interface EgressPolicy {
  /** Returns why an address is refused, or null. */
  refusal(address: string): string | null
  /**
   * For `connect` of node:net: resolves a name to its permitted addresses, and the connection uses
   * exactly these.
   */
  lookup: LookupFunction
}

/**
 * Reads FAIRLEAD_ALLOW_ADDRESSES (`169.254.10.0/24,fe80::1`), which permits closed addresses.
 * Throws one sentence when it is invalid.
 */
export function createEgressPolicy(
  allowed: string | undefined,
  resolve: typeof lookup = lookup,
): EgressPolicy {
  const [refused, open] = [blockList(closed), blockList((allowed ?? '').split(',').filter(Boolean))]
  const refusal = (address: string): string | null => {
    const plain = withoutWrapping(address.replace(/%.*$/, ''))
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4'
    if (!refused.check(plain, family) || open.check(plain, family)) return null
    return `${address} is blocked, because cloud metadata services answer there (FAIRLEAD_ALLOW_ADDRESSES permits it)`
  }
  return {
    refusal,
    lookup: (name, options, callback) => {
      resolve(
        name,
        { ...(options as LookupOptions), all: true },
        (error, found: LookupAddress[]) => {
          if (error) return callback(error, '')
          const allowed = found.filter(({ address }) => refusal(address) === null)
          const [first] = allowed
          if (!first)
            return callback(
              refusedError(refusal(found[0]?.address ?? '') ?? `${name} has no address`),
              '',
            )
          if (options.all) return callback(null, allowed)
          callback(null, first.address, first.family)
        },
      )
    },
  }
}

/** Thrown before anything is sent. */
export const refusedError = (why: string): NodeJS.ErrnoException =>
  Object.assign(new Error(why), { code: 'EACCES' })

/** Applies to every `fetch` of this process, also in libraries and after redirects. */
export function guardedAgent(egressPolicy: EgressPolicy): Agent {
  const connector = buildConnector({ lookup: egressPolicy.lookup })
  return new Agent({
    connect: (options, callback) => {
      const host = options.hostname.replace(/^\[|\]$/g, '')
      const why = isIP(host) === 0 ? null : egressPolicy.refusal(host)
      if (why !== null) return callback(refusedError(why), null)
      connector(options, callback)
    },
  })
}

function blockList(nets: string[]): BlockList {
  const list = new BlockList()
  for (const net of nets.map((one) => one.trim())) {
    const [address = '', bits] = net.split('/')
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    if (family === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
      throw new Error(
        `FAIRLEAD_ALLOW_ADDRESSES has "${net}", but must be addresses such as 169.254.10.1 or 169.254.10.0/24`,
      )
    list.addSubnet(address, Number(bits ?? most), family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** Unwraps IPv4 addresses in IPv6: mapped (`::ffff:`) or through NAT64 (`64:ff9b::`). */
function withoutWrapping(address: string): string {
  if (!isIPv6(address)) return address
  const { hostname } = new URL(`http://[${address}]`)
  const wrapped = /^\[(?:::ffff|64:ff9b:|::):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname)
  if (!wrapped) return address
  const [high, low] = [Number.parseInt(wrapped[1] ?? '', 16), Number.parseInt(wrapped[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
