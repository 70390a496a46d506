/** Where the edge serves the status page. */
export interface StatusPagePlace {
  host: string
  /** a port of its own; null for the host name alone */
  port: number | null
  /** whether only this machine may read the page, because nobody has chosen its address */
  isLocal: boolean
}

/** The place of the status page; null when `FAIRLEAD_STATUS_HOST` is `off`. */
export function statusPagePlace(env: Record<string, string | undefined>): StatusPagePlace | null {
  const [set, port] = [env['FAIRLEAD_STATUS_HOST']?.trim().toLowerCase() ?? '', portOf(env)]
  if (set === 'off') return null
  return { host: set || 'status.localhost', port, isLocal: set === '' && port === null }
}

function portOf(env: Record<string, string | undefined>): number | null {
  const port = Number(env['FAIRLEAD_STATUS_PORT'])
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null
}

/** The address of the status page for people on this machine. */
export const statusPageAddress = (
  { host, port }: Pick<StatusPagePlace, 'host' | 'port'>,
  edgePort: number,
): string => (port === null ? `http://${host}:${edgePort}` : `http://localhost:${port}`)
