import { portSetting } from '#platform/home.ts'
import { addressSetting } from '#platform/host-url.ts'

/** Where the edge serves the status page. */
export interface StatusPagePlace {
  host: string
  /** a port of its own; null for the host name alone */
  port: number | null
  /** whether only this machine may read the page, because nobody has chosen its address */
  isLocal: boolean
  /** the address for readers, such as that of a proxy with TLS; null for the one of the edge */
  url: string | null
}

/**
 * The place of the status page; null when `FAIRLEAD_STATUS_HOST` is `off`. Throws one sentence when
 * a variable is invalid.
 */
export function statusPagePlace(env: Record<string, string | undefined>): StatusPagePlace | null {
  const set = env['FAIRLEAD_STATUS_HOST']?.trim().toLowerCase() ?? ''
  const port = portSetting(env, 'FAIRLEAD_STATUS_PORT')
  const url = addressSetting(env, 'FAIRLEAD_STATUS_URL')?.origin ?? null
  if (set === 'off') return null
  return { host: set || 'status.localhost', port, isLocal: set === '' && port === null, url }
}

/** The address of the status page: that for readers, otherwise that for people on this machine. */
export const statusPageAddress = (
  { host, port, url }: Pick<StatusPagePlace, 'host' | 'port' | 'url'>,
  edgePort: number,
): string => url ?? (port === null ? `http://${host}:${edgePort}` : `http://localhost:${port}`)
