import { isIPv6 } from 'node:net'
import { blockList } from './egress.ts'

/** Returns whether an address is that of a proxy that stands in front of the edge. */
export type IsProxy = (address: string) => boolean

/**
 * The proxies of `FAIRLEAD_EDGE_PROXIES`: addresses and networks, separated by commas. Null when it
 * names none. Throws one sentence for what is neither.
 */
export const edgeProxies = (env: Record<string, string | undefined>): IsProxy | null =>
  listed(env, 'FAIRLEAD_EDGE_PROXIES')

/** The load balancers of `FAIRLEAD_EDGE_PROXY_PROTOCOL`, which send the PROXY protocol. */
export const edgeProxyProtocol = (env: Record<string, string | undefined>): IsProxy | null =>
  listed(env, 'FAIRLEAD_EDGE_PROXY_PROTOCOL')

function listed(env: Record<string, string | undefined>, variable: string): IsProxy | null {
  const named = (env[variable] ?? '').split(',').map((one) => one.trim())
  const networks = named.filter((one) => one !== '')
  if (networks.length === 0) return null
  const list = blockList(networks, variable)
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
