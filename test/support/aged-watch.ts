import { deflateRawSync } from 'node:zlib'
import { serialize } from 'node:v8'
import type { PartCounts, PartLatencies } from '#contract/host/measurements.ts'
import { noLatency } from '#contract/host/measurements.ts'
import * as store from '#domains/monitor/store.ts'
import { ServiceWatch, type WatchState } from '#flows/monitoring/service-watch.ts'
import { type Database, openDatabase } from '#platform/postgres/postgres.ts'
import { generator, normal, poisson } from './generator.ts'
import type { TestConnection } from './postgres.ts'

export interface Past {
  /** seconds of traffic that the detectors have learnt */
  seconds: number
  /** requests a second by route */
  load: Record<string, number>
  /** median latency, with a standard deviation of the logarithm of 0.3 */
  milliseconds: number
  /** share of the requests that fail */
  errors: number
  /** seconds for which the routes count as watched, whatever they have learnt */
  routesKnown?: number
}

/** Detectors after simulated healthy traffic that ended just now. */
function learn({ seconds, load, milliseconds, errors, routesKnown }: Past): WatchState {
  const random = generator(3)
  const watch = new ServiceWatch()
  const began = Date.now() - seconds * 1000
  for (let second = 1; second <= seconds; second += 1) {
    const routes: PartCounts = {}
    const routeLatencies: PartLatencies = {}
    const all = { requests: 0, errors: 0, latency: noLatency() }
    for (const [name, mean] of Object.entries(load)) {
      const requests = poisson(random, mean)
      const failed = Math.min(requests, poisson(random, requests * errors))
      const sum = requests * Math.log(milliseconds) + 0.3 * Math.sqrt(requests) * normal(random)
      const squares = requests === 0 ? 0 : (sum * sum) / requests + 0.09 * (requests - 1)
      routes[name] = [requests, failed]
      routeLatencies[name] = [requests, sum, squares]
      all.requests += requests
      all.errors += failed
      all.latency.requests += requests
      all.latency.sum += sum
      all.latency.squares += squares
    }
    watch.add({ at: began + second * 1000, ...all, routes, routeLatencies })
  }
  const state = watch.save()
  for (const route of state.routes?.routes ?? [])
    for (const one of [route, route.latency])
      if (one) one.seconds = Math.max(one.seconds, routesKnown ?? 0)
  return state
}

const give = async (db: Database, service: string, app: string, past: Past): Promise<void> => {
  const state = deflateRawSync(serialize(learn(past)), { level: 1 })
  const place = { app, environment: 'production', service, places: {}, state }
  // The server notices within ten seconds that another one judges, and reads what is stored.
  await db.batch([store.saveDetector(place), store.takeDetectors('local', 'nobody')])
}

/**
 * Gives the service `web` of apps in production the detectors that it would have after a past, as a
 * server stores them. The server of the installation goes on with them within ten seconds.
 */
export async function ageWatches(
  connection: TestConnection,
  apps: string[],
  past: Past,
): Promise<void> {
  const db = await openDatabase({ connection, size: 1 })
  for (const app of apps) await give(db, 'web', app, past)
  await db.close()
}
