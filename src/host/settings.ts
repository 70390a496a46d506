import { portSetting } from '#platform/home.ts'
import { hostUrl } from '#platform/host-url.ts'
import { edgeHttps, type EdgeHttpsSetting } from '#platform/net/edge-https.ts'
import { edgeProxies, edgeProxyProtocol, type IsProxy } from '#platform/net/edge-proxies.ts'
import { ntpSetting } from '#platform/ntp.ts'
import {
  isolationMode,
  type IsolationOptions,
  isolationOptions,
  policyOf,
} from '#platform/process/isolation-policy.ts'
import { type StatusPagePlace, statusPagePlace } from '#platform/status-page/place.ts'

type Variables = Record<string, string | undefined>

/** What the environment variables of a host say, checked, with defaults. */
export interface HostSettings {
  /** the address that the edge listens on */
  listen: string
  /** the listener of the edge with TLS; null for none */
  https: EdgeHttpsSetting | null
  /** connections at the edge, in total and of one address; undefined for the defaults */
  connections: number | undefined
  connectionsPerAddress: number | undefined
  /** the proxies in front of the edge; null for none */
  proxies: IsProxy | null
  /** the load balancers that send the PROXY protocol; null for none */
  proxyProtocol: IsProxy | null
  /** bytes of the disk that stay free */
  keepFree: number
  /** null when the host serves no status page */
  statusPage: StatusPagePlace | null
  /** a port of its own for the metrics of the host; null for none */
  metricsPort: number | null
  /** the address under which people reach the edge; null without one */
  url: URL | null
  /** NTP servers that somebody named; empty for those of the machine */
  ntp: string[]
  isolation: IsolationOptions
}

/** Reads the settings. Throws one sentence that names the variable when a value is invalid. */
export function readHostSettings(env: Variables, root: string): HostSettings {
  const isolation = isolationOptions(root, env)
  isolationMode(env)
  policyOf(isolation)
  const set = (name: string): number | undefined => numberOf(env, name, 1)
  return {
    listen: env['FAIRLEAD_EDGE_LISTEN'] || '127.0.0.1',
    https: edgeHttps(env),
    connections: set('FAIRLEAD_EDGE_CONNECTIONS'),
    connectionsPerAddress: set('FAIRLEAD_EDGE_CONNECTIONS_PER_ADDRESS'),
    proxies: edgeProxies(env),
    proxyProtocol: edgeProxyProtocol(env),
    keepFree: (numberOf(env, 'FAIRLEAD_DISK_FLOOR_MB', 0) ?? 500) * 1e6,
    statusPage: statusPagePlace(env),
    metricsPort: portSetting(env, 'FAIRLEAD_METRICS_PORT'),
    url: hostUrl(env),
    ntp: ntpSetting(env['FAIRLEAD_NTP']),
    isolation,
  }
}

function numberOf(env: Variables, name: string, min: number): number | undefined {
  const text = env[name]?.trim() ?? ''
  if (text === '') return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < min)
    throw new Error(`${name} must be a number of at least ${min}; it is ${JSON.stringify(text)}`)
  return Math.floor(value)
}
