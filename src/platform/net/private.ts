import { isIP, isIPv6, type LookupFunction } from 'node:net'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { blockList, type EgressPolicy, guardedAgent, refusedError } from './egress.ts'

/** Addresses that are not on the public internet: RFC 6890 and RFC 4193, and multicast. */
const privateNetworks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
  ...['::/127', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

const variable = 'FAIRLEAD_PRIVATE_HOSTS'

/**
 * Narrows a policy to public addresses and to `hosts`: names, addresses and networks that the
 * administrator of the server names. A name is permitted by itself, whatever its address is.
 */
export function publicPolicy(policy: EgressPolicy, hosts: readonly string[]): EgressPolicy {
  const isNetwork = (host: string): boolean => isIP(host.split('/')[0] ?? '') !== 0
  const closed = blockList(privateNetworks, variable)
  const open = blockList(hosts.filter(isNetwork), variable)
  const named = hosts.filter((host) => !isNetwork(host))
  const names = new Set(named.map((host) => host.toLowerCase()))
  const isPrivate = (address: string): boolean => {
    const plain = address.split('%')[0] ?? ''
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4'
    return closed.check(plain, family) && !open.check(plain, family)
  }
  const lookup: LookupFunction = (name, options, callback) => {
    const all: LookupOptions = { ...(options as LookupOptions), all: true }
    policy.lookup(name, all, (error, found) => {
      if (error) return callback(error, '')
      const addresses = (found as unknown as LookupAddress[]).filter(
        ({ address }) => names.has(name.toLowerCase()) || !isPrivate(address),
      )
      const [first] = addresses
      // The message does not contain the address: it would reveal what the name stands for.
      if (!first) return callback(refusedError(privateProblem(name)), '')
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
  return {
    refusal: (address) =>
      policy.refusal(address) ?? (isPrivate(address) ? privateProblem(address) : null),
    lookup,
  }
}

const privateProblem = (host: string): string =>
  `${host} is in a private network; the administrator of the server permits it with ${variable}`

/** Why a policy refuses the host of a URL, or null. A name without an address is no problem. */
export function addressProblem(policy: EgressPolicy, address: string): Promise<string | null> {
  const host = hostOf(address)
  if (host === '') return Promise.resolve(null)
  if (isIP(host) !== 0) return Promise.resolve(policy.refusal(host))
  return new Promise((resolve) =>
    policy.lookup(host, { all: true }, (error) =>
      resolve(error?.code === 'EACCES' ? error.message : null),
    ),
  )
}

/** The host of a URL, or of `user@host:path` as ssh takes it; empty when it has none. */
function hostOf(address: string): string {
  const ofSsh = /^[\w.-]+@([\w.-]+):(?!\/\/)/.exec(address)?.[1]
  const url = ofSsh === undefined ? URL.parse(address) : null
  return ofSsh ?? url?.hostname.replace(/^\[|\]$/g, '') ?? ''
}

/** A `fetch` that obeys a policy, after redirects too. */
export function guardedFetch(policy: EgressPolicy): typeof fetch {
  const dispatcher = guardedAgent(policy)
  return (input, init) => fetch(input, { ...init, dispatcher } as RequestInit)
}
