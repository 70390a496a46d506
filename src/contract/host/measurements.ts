import { z } from 'zod'

/** Upper ends of the latency buckets in milliseconds: 0.25 ms to 64 s, two per octave. */
export const latencyBounds: readonly number[] = Array.from(
  { length: 37 },
  (_, i) => 0.25 * 2 ** (i / 2),
)

/**
 * How long requests took. `sum` and `squares` are of the natural logarithm of milliseconds;
 * `buckets` counts requests by the index in `latencyBounds`, and one more for slower ones.
 * Errors and requests that the client left are not in it.
 */
export const latency = z.object({
  requests: z.number().int(),
  sum: z.number(),
  squares: z.number(),
  buckets: z.record(z.string(), z.number().int()),
})
export type Latency = z.infer<typeof latency>

/**
 * Requests, and how many of them failed, by a part of them. Those of names beyond a limit are
 * counted for the empty name.
 */
export const partCounts = z.record(
  z.string(),
  z.tuple([z.number().int().min(0), z.number().int().min(0)]),
)
export type PartCounts = z.infer<typeof partCounts>

/**
 * How long requests took, by a part of them: requests, and the sum and the squares as in `latency`.
 * Requests of names beyond a limit are in none.
 */
export const partLatencies = z.record(
  z.string(),
  z.tuple([z.number().int().min(0), z.number(), z.number()]),
)
export type PartLatencies = z.infer<typeof partLatencies>

/** The requests for a service of a release that ended in one second. */
export const trafficSecond = z.object({
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  service: z.string(),
  /** by outcome: `1xx` to `5xx`, `refused`, `broken`, `left` */
  outcomes: z.record(z.string(), z.number().int()),
  bytes: z.number(),
  latency,
  /** by the start of the path, such as `/orders` */
  routes: partCounts.optional(),
  routeLatencies: partLatencies.optional(),
  /** by tenant, where the app says how a request names it */
  tenants: partCounts.optional(),
})
export type TrafficSecond = z.infer<typeof trafficSecond>

/** What an instance uses. */
export const instanceUsage = z.object({
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  service: z.string(),
  index: z.number().int(),
  /** cores, mean since the sample before; null for the first sample */
  cpu: z.number().nullable(),
  /** bytes of resident memory, of the process and all that it started */
  memory: z.number(),
  /**
   * bytes that count against the limit of its memory, without what the kernel can take back at any
   * time; absent when the kernel enforces no limit
   */
  limited: z.object({ used: z.number(), limit: z.number() }).optional(),
  /** open file descriptors */
  descriptors: z.number().int(),
  /** how often it was restarted so far */
  restarts: z.number().int(),
})
export type InstanceUsage = z.infer<typeof instanceUsage>

/** What the machine uses. Shares are from 0 to 1; sizes are bytes. */
export const machineUsage = z.object({
  /** share of all cores that was busy since the sample before; null for the first sample */
  cpu: z.number().nullable(),
  /** runnable processes, mean of a minute */
  load: z.number(),
  memory: z.number(),
  memoryTotal: z.number(),
  /** of the disk with the folder of the host */
  disk: z.number(),
  diskTotal: z.number(),
  /**
   * Seconds that its clock is ahead of its NTP servers; null when none answers, and absent when
   * nobody named one and none has answered.
   */
  clockOffset: z.number().nullable().optional(),
})
export type MachineUsage = z.infer<typeof machineUsage>

/** One second of a host. Every tenth one has the usage of its instances and its machine. */
export const hostSecond = z.object({
  number: z.number().int(),
  /** milliseconds since 1970 */
  at: z.number(),
  traffic: z.array(trafficSecond),
  usage: z.object({ machine: machineUsage, instances: z.array(instanceUsage) }).optional(),
})
export type HostSecond = z.infer<typeof hostSecond>

/**
 * The last seconds of a host. Numbers begin again with each host process, whose name is `run`; pass
 * `next` as `after` to read on.
 */
export const measurements = z.object({
  run: z.string(),
  next: z.number().int(),
  seconds: z.array(hostSecond),
})
export type Measurements = z.infer<typeof measurements>

/** Outcomes that count as errors. */
export const errorOutcomes: readonly string[] = ['5xx', 'refused', 'broken']

/** Whether a request counts: what the client left is neither served nor failed. */
export const isCounted = (outcome: string): boolean => outcome !== 'left'

/** Requests and errors of some outcomes. What the client left is neither. */
export function countOutcomes(outcomes: Record<string, number>): {
  requests: number
  errors: number
} {
  let [requests, errors] = [0, 0]
  for (const [outcome, count] of Object.entries(outcomes)) {
    if (!isCounted(outcome)) continue
    requests += count
    if (errorOutcomes.includes(outcome)) errors += count
  }
  return { requests, errors }
}

/** Adds the second latency to the first. */
export function addLatency(sum: Latency, { requests, sum: logs, squares, buckets }: Latency): void {
  sum.requests += requests
  sum.sum += logs
  sum.squares += squares
  for (const [index, count] of Object.entries(buckets))
    sum.buckets[index] = (sum.buckets[index] ?? 0) + count
}

export const noLatency = (): Latency => ({ requests: 0, sum: 0, squares: 0, buckets: {} })

/** Adds the latencies of the second to the first. */
export function addPartLatencies(sum: PartLatencies, more: PartLatencies): void {
  for (const [name, [requests, logs, squares]] of Object.entries(more)) {
    const before = sum[name] ?? [0, 0, 0]
    sum[name] = [before[0] + requests, before[1] + logs, before[2] + squares]
  }
}

/** A quantile in milliseconds, interpolated within its bucket; null without requests. */
export function latencyQuantile({ requests, buckets }: Latency, share: number): number | null {
  if (requests === 0) return null
  let before = 0
  for (let i = 0; i <= latencyBounds.length; i += 1) {
    const count = buckets[i] ?? 0
    if (count > 0 && before + count >= share * requests) {
      const high = latencyBounds[i] ?? latencyBounds.at(-1)! * 2
      const low = i === 0 ? 0 : latencyBounds[i - 1]!
      return low + (high - low) * ((share * requests - before) / count)
    }
    before += count
  }
  return null
}
