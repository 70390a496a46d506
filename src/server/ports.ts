import type { MachinePorts } from '#domains/deployment/ports.ts'
import type { Home } from '#platform/home.ts'
import { isPortTaken, type ReservedPort } from '#platform/net/port.ts'
import type { HostClient } from '#platform/process/host-client.ts'

/** The ports of this machine: those of Fairlead, and those on which other programs listen. */
export function machinePorts({
  home,
  env,
  host,
}: {
  home: Pick<Home, 'port' | 'edgePort' | 'edgeHttpsPort'>
  env: Record<string, string | undefined>
  host: Pick<HostClient, 'status'>
}): MachinePorts {
  const address = env['FAIRLEAD_EDGE_LISTEN'] || '127.0.0.1'
  return {
    reserved: reservedPorts(home, env['DATABASE_URL']),
    isForeign: async (port) => {
      if (!(await isPortTaken(port, address))) return false
      const status = await host.status().catch(() => null)
      // Without an answer of the host, the port may be its own.
      return status !== null && !status.routes.some((one) => one.port === port && !one.problem)
    },
  }
}

/** The ports of Fairlead itself on this machine. */
export function reservedPorts(
  { port, edgePort, edgeHttpsPort }: Pick<Home, 'port' | 'edgePort' | 'edgeHttpsPort'>,
  databaseUrl: string | undefined,
): ReservedPort[] {
  const database = databaseUrl === undefined ? null : URL.parse(databaseUrl)
  const isLocal =
    database !== null &&
    !database.searchParams.has('host') &&
    ['localhost', '127.0.0.1', '[::1]'].includes(database.hostname)
  return [
    { port, owner: 'the API and the console of Fairlead' },
    { port: edgePort, owner: 'the edge of Fairlead' },
    ...(edgeHttpsPort === null ? [] : [{ port: edgeHttpsPort, owner: 'the edge of Fairlead' }]),
    ...(isLocal
      ? [{ port: Number(database.port || 5432), owner: 'the database of Fairlead' }]
      : []),
  ]
}
