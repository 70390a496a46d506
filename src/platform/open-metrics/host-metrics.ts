import type { HostStatus } from '#contract/host/status.ts'
import { latencyBounds, type Measurements } from '#contract/host/measurements.ts'
import type { Metric } from './open-metrics.ts'

/** What a host measures: its edge, its instances and its machine. Null: it does not answer. */
export const hostMetrics = (status: HostStatus | null, measured: Measurements | null): Metric[] => [
  ...(status === null ? [] : edgeMetrics(status)),
  ...(measured === null ? [] : usageMetrics(measured)),
]

function edgeMetrics({ routes, releases }: HostStatus): Metric[] {
  const traffic = routes.flatMap(({ app, environment, traffic: mine }) =>
    (mine ?? []).map(({ release, service, ...counts }) => ({
      labels: { app, environment, service, release },
      ...counts,
    })),
  )
  const instances = releases.flatMap(({ app, environment, release, instances: own }) =>
    own.map(({ service, index, ...one }) => ({
      labels: { app, environment, service, release, instance: index },
      ...one,
    })),
  )
  return [
    {
      name: 'fairlead_edge_requests',
      help: 'Requests that ended, by outcome.',
      type: 'counter',
      points: traffic.flatMap(({ labels, outcomes }) =>
        Object.entries(outcomes).map(([outcome, value]) => ({
          labels: { ...labels, outcome },
          value,
        })),
      ),
    },
    {
      ...{ name: 'fairlead_edge_response_bytes', type: 'counter', unit: 'bytes' },
      help: 'Bytes of the responses, heads included.',
      points: traffic.map(({ labels, bytes }) => ({ labels, value: bytes })),
    },
    {
      ...{ name: 'fairlead_edge_request_duration_seconds', type: 'histogram', unit: 'seconds' },
      help: 'Time from the head of a request to the end of its response; without errors.',
      points: traffic.flatMap(({ labels, latency }) =>
        latency === undefined
          ? []
          : [
              {
                labels,
                count: latency.requests,
                sum: sumOf(latency.buckets),
                buckets: latencyBounds.map((bound, i) => ({
                  le: bound / 1000,
                  count: latency.buckets[i] ?? 0,
                })),
              },
            ],
      ),
    },
    {
      ...{ name: 'fairlead_edge_requests_open', help: 'Requests in progress.', type: 'gauge' },
      points: traffic.map(({ labels, open }) => ({ labels, value: open })),
    },
    {
      ...{ name: 'fairlead_edge_requests_hanging', type: 'gauge' },
      help: 'Requests in progress for more than 10 seconds.',
      points: traffic.map(({ labels, hanging }) => ({ labels, value: hanging })),
    },
    {
      name: 'fairlead_instance_healthy',
      help: 'Whether an instance of a service is healthy.',
      type: 'gauge',
      points: instances.map(({ labels, state }) => ({
        labels,
        value: state === 'healthy' ? 1 : 0,
      })),
    },
    {
      ...{ name: 'fairlead_instance_restarts', help: 'Restarts of an instance.', type: 'counter' },
      points: instances.map(({ labels, restarts }) => ({ labels, value: restarts })),
    },
  ]
}

/** The sum in seconds, as well as the buckets know it. */
function sumOf(buckets: Record<string, number>): number {
  let sum = 0
  for (const [index, count] of Object.entries(buckets)) {
    const high = latencyBounds[Number(index)] ?? latencyBounds.at(-1)! * 2
    sum += (count * (high + (latencyBounds[Number(index) - 1] ?? 0))) / 2000
  }
  return sum
}

function usageMetrics({ seconds }: Measurements): Metric[] {
  const usage = seconds.findLast((one) => one.usage)?.usage
  if (!usage) return []
  const { machine, instances } = usage
  const ofInstances = (
    name: string,
    help: string,
    value: (one: (typeof instances)[number]) => number | null,
    unit?: string,
  ): Metric => ({
    ...{ name: `fairlead_instance_${name}`, help, type: 'gauge' },
    ...(unit === undefined ? {} : { unit }),
    points: instances.flatMap((one) => {
      const { app, environment, service, release, index } = one
      const found = value(one)
      const labels = { app, environment, service, release, instance: index }
      return found === null ? [] : [{ labels, value: found }]
    }),
  })
  const ofMachine = (name: string, help: string, value: number | null, unit?: string): Metric => ({
    ...{ name: `fairlead_machine_${name}`, help, type: 'gauge' },
    ...(unit === undefined ? {} : { unit }),
    points: value === null ? [] : [{ labels: {}, value }],
  })
  return [
    ofInstances('cpu_cores', 'Cores that an instance uses.', ({ cpu }) => cpu),
    ofInstances('memory_bytes', 'Resident memory of an instance.', (one) => one.memory, 'bytes'),
    ofInstances('open_files', 'Open file descriptors of an instance.', (one) => one.descriptors),
    ofMachine('cpu_ratio', 'Busy share of all cores.', machine.cpu, 'ratio'),
    ofMachine('load1', 'Runnable processes, mean of a minute.', machine.load),
    ofMachine('memory_used_bytes', 'Memory in use.', machine.memory, 'bytes'),
    ofMachine('memory_size_bytes', 'Memory of the machine.', machine.memoryTotal, 'bytes'),
    ofMachine('disk_used_bytes', 'Disk in use.', machine.disk, 'bytes'),
    ofMachine('disk_size_bytes', 'Size of the disk.', machine.diskTotal, 'bytes'),
    ofMachine(
      'clock_offset_seconds',
      'How far the clock is ahead of its NTP servers.',
      machine.clockOffset ?? null,
      'seconds',
    ),
  ]
}
