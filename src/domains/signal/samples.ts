import {
  addLatency,
  countOutcomes,
  type HostSecond,
  latencyQuantile,
  noLatency,
} from '#contract/host/measurements.ts'
import type { SignalName } from '#contract/signal/signal.ts'

/** What a series is of. */
export interface SeriesKey {
  app: string | null
  environment: string | null
  service: string | null
  release: number | null
  instance: number | null
  /** the name of a signal, or of a metric when it has labels */
  name: string
  /** of a metric of the app, such as `kind="a",queue="mail"`; null for a signal */
  labels: string | null
}

/** The value of a series in the ten seconds that begin at `at`, in milliseconds. */
export interface Sample extends SeriesKey {
  at: number
  value: number
  /** of a metric */
  unit?: string
}

/** Milliseconds of the finest resolution. */
export const finest = 10_000

export const keyText = (key: SeriesKey): string =>
  JSON.stringify([
    ...[key.app, key.environment, key.service, key.release, key.instance],
    ...[key.name, key.labels],
  ])

const bucketOf = ({ at }: HostSecond): number => Math.floor(at / finest) * finest

/** The seconds of buckets that are complete, because a later one has begun. */
export function completeSeconds(seconds: HostSecond[]): HostSecond[] {
  const last = seconds.at(-1)
  return last ? seconds.filter((one) => bucketOf(one) < bucketOf(last)) : []
}

/** The values of every series in the seconds. */
export const samplesOf = (seconds: HostSecond[]): Sample[] =>
  [...Map.groupBy(seconds, bucketOf)].flatMap(([at, mine]) => [
    ...trafficSamples(at, mine),
    ...usageSamples(at, mine),
  ])

function trafficSamples(at: number, seconds: HostSecond[]): Sample[] {
  const rows = seconds.flatMap(({ traffic }) => traffic)
  const perSecond = (count: number): number => count / seconds.length
  const releases = Map.groupBy(rows, (row) =>
    [row.app, row.environment, row.service, row.release].join('/'),
  )
  const counts = [...releases.values()].flatMap((mine) => {
    const { app, environment, service, release } = mine[0]!
    const place = { app, environment, service, release, instance: null, labels: null, at }
    let [requests, errors, clientErrors, bytes] = [0, 0, 0, 0]
    for (const row of mine) {
      const counted = countOutcomes(row.outcomes)
      requests += counted.requests
      errors += counted.errors
      clientErrors += row.outcomes['4xx'] ?? 0
      bytes += row.bytes
    }
    return Object.entries({ requests, errors, 'client-errors': clientErrors, bytes }).flatMap(
      ([name, count]) =>
        count > 0 ? [{ ...place, name: name as SignalName, value: perSecond(count) }] : [],
    )
  })
  const services = Map.groupBy(rows, (row) => [row.app, row.environment, row.service].join('/'))
  const latencies = [...services.values()].flatMap((mine) => {
    const { app, environment, service } = mine[0]!
    const place = { app, environment, service, release: null, instance: null, labels: null, at }
    const sum = noLatency()
    for (const row of mine) addLatency(sum, row.latency)
    return ([0.5, 0.95, 0.99] as const).flatMap((share) => {
      const value = latencyQuantile(sum, share)
      const name = `latency-p${Math.round(share * 100)}` as SignalName
      return value === null ? [] : [{ ...place, name, value }]
    })
  })
  return [...counts, ...latencies]
}

function usageSamples(at: number, seconds: HostSecond[]): Sample[] {
  const usage = seconds.findLast((one) => one.usage)?.usage
  if (!usage) return []
  const { machine, instances } = usage
  const nowhere = {
    app: null,
    environment: null,
    service: null,
    release: null,
    instance: null,
    labels: null,
    at,
  }
  const ofMachine = Object.entries({
    'machine-cpu': machine.cpu,
    'machine-load': machine.load,
    'machine-memory': machine.memory,
    'machine-disk': machine.disk,
    'machine-clock': machine.clockOffset ?? null,
  }).flatMap(([name, value]) =>
    value === null ? [] : [{ ...nowhere, name: name as SignalName, value }],
  )
  const ofInstances = instances.flatMap(({ app, environment, service, index, ...used }) => {
    const place = { app, environment, service, release: null, instance: index, labels: null, at }
    const { cpu, memory, descriptors, restarts } = used
    return Object.entries({ cpu, memory, descriptors, restarts }).flatMap(([name, value]) =>
      value === null ? [] : [{ ...place, name: name as SignalName, value }],
    )
  })
  return [...ofMachine, ...ofInstances]
}
