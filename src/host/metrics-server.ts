import { createServer } from 'node:http'
import type { HostStatus } from '#contract/host/status.ts'
import type { Measurements } from '#contract/host/measurements.ts'
import { hostMetrics } from '#platform/open-metrics/host-metrics.ts'
import { openMetrics, openMetricsType } from '#platform/open-metrics/open-metrics.ts'
import { isFromHere } from './from-here.ts'
import { listenLocally } from './local-server.ts'

/** The host name under which the edge answers with the metrics of this host. */
export const metricsHost = 'metrics.localhost'

/**
 * Serves `/metrics` of this host in OpenMetrics, also while the server and the database are gone.
 * It listens on a free port of 127.0.0.1 for the edge, and answers only readers on this machine.
 */
export async function serveMetrics(read: {
  status(): HostStatus
  measurements(): Measurements
}): Promise<{ port: number; stop(): void }> {
  const server = createServer((request, response) => {
    request.resume()
    const isMetrics = request.url?.split('?')[0] === '/metrics' && isFromHere(request)
    if (!isMetrics) return void response.writeHead(404).end('There is no such page here.\n')
    response.writeHead(200, { 'content-type': openMetricsType })
    response.end(openMetrics(hostMetrics(read.status(), read.measurements())))
  })
  return listenLocally(server)
}
