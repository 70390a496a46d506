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

/** The place of the status page; null when `FAIRLEAD_STATUS_HOST` is `off`. */
export function statusPagePlace(env: Record<string, string | undefined>): StatusPagePlace | null {
  const [set, port] = [env['FAIRLEAD_STATUS_HOST']?.trim().toLowerCase() ?? '', portOf(env)]
  if (set === 'off') return null
  return {
    host: set || 'status.localhost',
    port,
    isLocal: set === '' && port === null,
    url: urlOf(env),
  }
}

function urlOf(env: Record<string, string | undefined>): string | null {
  const text = env['FAIRLEAD_STATUS_URL']?.trim() ?? ''
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).origin : null
}

function portOf(env: Record<string, string | undefined>): number | null {
  const port = Number(env['FAIRLEAD_STATUS_PORT'])
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null
}

/** The address of the status page: that for readers, otherwise that for people on this machine. */
export const statusPageAddress = (
  { host, port, url }: Pick<StatusPagePlace, 'host' | 'port' | 'url'>,
  edgePort: number,
): string => url ?? (port === null ? `http://${host}:${edgePort}` : `http://localhost:${port}`)
