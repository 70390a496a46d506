import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { ipv6Forms, metadataAddresses } from './metadata.ts'

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
  const variable = 'FAIRLEAD_ALLOW_ADDRESSES'
  const refused = blockList([...metadataAddresses.ipv4, ...metadataAddresses.ipv6], variable)
  const open = blockList((allowed ?? '').split(',').filter(Boolean), variable)
  const refusal = (address: string): string | null => {
    const plain = address.split('%')[0] ?? ''
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

/**
 * Contains the networks, those of IPv4 in their IPv6 forms too. Throws one sentence with the
 * variable that names them when one is invalid.
 */
export function blockList(nets: readonly string[], variable: string): BlockList {
  const list = new BlockList()
  const add = (net: string): void => {
    const [address = '', bits = isIP(net) === 6 ? 128 : 32] = net.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  for (const net of nets.map((one) => one.trim())) {
    if (!isNetwork(net))
      throw new Error(
        `${variable} has "${net}", but must be addresses such as 169.254.10.1 or 169.254.10.0/24`,
      )
    add(net)
    if (isIP(net.split('/')[0] ?? '') === 4) for (const form of ipv6Forms(net)) add(form)
  }
  return list
}

/** Returns whether a text is an address or a network, such as 10.0.0.0/8. */
export function isNetwork(net: string): boolean {
  const [address = '', bits] = net.split('/')
  const family = isIP(address)
  if (family === 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32))
}
