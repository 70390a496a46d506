import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'

/**
 * Where clouds answer machines, with credentials among it, and nobody else is: link-local
 * addresses, and the others of Amazon, Google, Azure, Oracle and Alibaba. Loopback and private
 * networks are not among them, because forges and databases live there.
 */
const closed = [
  ...['169.254.0.0/16', 'fe80::/10', '168.63.129.16/32', '192.0.0.192/32', '100.100.100.200/32'],
  ...['fd00:ec2::/32', 'fd20:ce::/32'],
]

/** Which addresses the server asks when it is told where to ask. */
export interface EgressPolicy {
  /** why an address is not asked, in words; null when it is */
  refusal(address: string): string | null
  /**
   * for `connect` of node:net: a name stands for those of its addresses that may be asked, and
   * exactly these are connected to
   */
  lookup: LookupFunction
}

/**
 * Reads FAIRLEAD_ALLOW_ADDRESSES (`169.254.10.0/24,fe80::1`), which are asked all the same; throws
 * one sentence.
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
    return `${address} is not asked, because clouds give out credentials there (FAIRLEAD_ALLOW_ADDRESSES allows it)`
  }
  return {
    refusal,
    lookup: (name, options, callback) => {
      resolve(
        name,
        { ...(options as LookupOptions), all: true },
        (error, found: LookupAddress[]) => {
          if (error) return callback(error, '')
          const asked = found.filter(({ address }) => refusal(address) === null)
          const [first] = asked
          if (!first)
            return callback(
              refusedError(refusal(found[0]?.address ?? '') ?? `${name} has no address`),
              '',
            )
          if (options.all) return callback(null, asked)
          callback(null, first.address, first.family)
        },
      )
    },
  }
}

/** What is thrown before anything is sent. */
export const refusedError = (why: string): NodeJS.ErrnoException =>
  Object.assign(new Error(why), { code: 'EACCES' })

/** For every `fetch` of this process, whichever library asks, also after a redirect. */
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

/**
 * An IPv4 address can be written as one of IPv6: mapped (`::ffff:`), or by way of NAT64
 * (`64:ff9b::`).
 */
function withoutWrapping(address: string): string {
  if (!isIPv6(address)) return address
  const { hostname } = new URL(`http://[${address}]`)
  const wrapped = /^\[(?:::ffff|64:ff9b:|::):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname)
  if (!wrapped) return address
  const [high, low] = [Number.parseInt(wrapped[1] ?? '', 16), Number.parseInt(wrapped[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
