import { z } from 'zod'
import { batch } from '#contract/verdict/verdict.ts'
import { latency } from './measurements.ts'

/**
 * The deployment that requests a change, and the epoch of the workflow that runs it. The host keeps
 * the highest epoch of each deployment and refuses a lower one, so that a server that was frozen
 * and replaced cannot change anything.
 */
export const fence = z.object({ deployment: z.number().int(), epoch: z.number().int() })
export type Fence = z.infer<typeof fence>

/**
 * A service of a release. The server sends it to `fairlead host` over HTTP on a unix socket; every
 * call can be repeated.
 */
export const hostService = z.object({
  name: z.string(),
  /** command for `sh -c`; absent when `static` names a folder to serve */
  run: z.string().optional(),
  static: z.string().optional(),
  port: z.boolean(),
  health: z.object({
    path: z.string().nullable(),
    headers: z.record(z.string(), z.string()).optional(),
    timeout: z.number(),
    interval: z.number(),
  }),
  /**
   * limits of the settling time in milliseconds: how long an instance without traffic must stay up
   * and healthy before it counts as healthy; absent for none
   */
  settle: z.object({ least: z.number(), most: z.number() }).optional(),
  instances: z.number().int().min(1),
  env: z.record(z.string(), z.string()),
  /** names of the variables that are secrets, whose values are masked in the log */
  secrets: z.array(z.string()).optional(),
  directory: z.string(),
  stop: z.object({ signal: z.string(), grace: z.number() }),
  memory: z.number().int().optional(),
})
export type HostService = z.infer<typeof hostService>

export const hostRelease = z.object({
  app: z.string(),
  environment: z.string(),
  /** number of the release, unique in an app and environment; names its folder */
  release: z.number().int(),
  fence,
  /** `sha256:…` of the OCI manifest, and the folder of the OCI image layout that holds it */
  artifact: z.string(),
  layout: z.string(),
  services: z.array(hostService),
  /** variables and secrets of every service; written only to files with mode 0600 */
  env: z.record(z.string(), z.string()),
  /** the fixed port of the environment, and the host name that the edge routes to it */
  route: z.object({ port: z.number().int().nullable(), host: z.string() }),
})
export type HostRelease = z.infer<typeof hostRelease>

export const hostInstance = z.object({
  service: z.string(),
  index: z.number().int(),
  state: z.enum(['starting', 'healthy', 'unhealthy', 'stopping', 'backoff', 'stopped']),
  pid: z.number().int().nullable(),
  port: z.number().int().nullable(),
  started: z.number().nullable(),
  restarts: z.number().int(),
  /** whether it crashes again and again, and has not stayed healthy since */
  isLooping: z.boolean().default(false),
  /** how the process last ended, in one sentence with the end of its output */
  reason: z.string().nullable(),
  /** a requested limit that this machine does not support; absent when all limits are set */
  unlimited: z.string().optional(),
})
export type HostInstance = z.infer<typeof hostInstance>

export const hostReleaseStatus = z.object({
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  artifact: z.string(),
  /** `ready` when every instance is healthy; `failed`, with a reason, when one cannot become so */
  state: z.enum(['starting', 'ready', 'failed', 'stopping', 'stopped']),
  reason: z.string().nullable(),
  /** whether the release has the traffic of its environment */
  routed: z.boolean(),
  /** how often an instance ended since the release was ready, and how it ended last */
  crashes: z.number().int().default(0),
  lastCrash: z.string().nullable().default(null),
  /** the longest settling time of its instances in milliseconds, as far as it is measured */
  settleMs: z.number().default(0),
  instances: z.array(hostInstance),
  /** why the fixed port of the environment is not open; absent when it is */
  portProblem: z.string().optional(),
})
export type HostReleaseStatus = z.infer<typeof hostReleaseStatus>

export const hostStatus = z.object({
  version: z.string(),
  pid: z.number().int(),
  started: z.number(),
  /** the port of the edge that routes by host name */
  edge: z.number().int(),
  releases: z.array(hostReleaseStatus),
  routes: z.array(
    z.object({
      app: z.string(),
      environment: z.string(),
      host: z.string(),
      port: z.number().int().nullable(),
      release: z.number().int().nullable(),
      /** since the host started: requests, answers with 5xx, and requests without an instance */
      requests: z.number().int(),
      errors: z.number().int(),
      unavailable: z.number().int(),
      /**
       * by release and service: ended requests by outcome (`1xx` to `5xx`, `refused`, `broken`,
       * `left`), bytes of the responses, requests in progress, and those that hang for 10 seconds
       */
      traffic: z
        .array(
          z.object({
            release: z.number().int(),
            service: z.string(),
            outcomes: z.record(z.string(), z.number().int()),
            bytes: z.number().int(),
            latency: latency.optional(),
            open: z.number().int(),
            hanging: z.number().int(),
          }),
        )
        .optional(),
      /** why the fixed port is not open; absent when it is */
      problem: z.string().optional(),
    }),
  ),
})
export type HostStatus = z.infer<typeof hostStatus>

export const logTail = z.object({
  lines: z.array(z.object({ service: z.string(), index: z.number().int(), text: z.string() })),
})
/** A line of the output of a service, with its secrets masked. */
export type LogLine = z.infer<typeof logTail>['lines'][number]

/** Identifies a session: a header or a cookie of the app; without either, a cookie of the edge. */
export const sessionRule = z.object({
  header: z.string().optional(),
  cookie: z.string().optional(),
})
export type SessionRule = z.infer<typeof sessionRule>

/** A release that gets a random share of the requests, and the routes that are counted for it. */
export const hostCanary = z.object({
  release: z.number().int(),
  share: z.number().min(0).max(1),
  /** a second start of the baseline, which gets the same share and is compared in its place */
  fresh: z.number().int().optional(),
  /** sessions are assigned and counted instead of requests */
  session: sessionRule.optional(),
  /** routes that are counted separately: name → path prefix */
  routes: z.record(z.string(), z.string()).optional(),
})
export type HostCanary = z.infer<typeof hostCanary>

/** The traffic of an environment: a release, and a canary that shares it. */
export const hostRoute = z.object({
  release: z.number().int(),
  canary: hostCanary.optional(),
  fence,
})
export type HostRoute = z.infer<typeof hostRoute>

/** Counts of the edge for a canary; pass `next` as `after` to read on. */
export const observations = z.object({
  batches: z.array(batch),
  /** what is known so far of later requests, when they wait for slow ones */
  pending: z.array(batch).optional(),
  next: z.number().int(),
})
export type Observations = z.infer<typeof observations>

/** Metrics of the instances in the Prometheus text format; null for one that did not answer. */
export const expositions = z.object({
  instances: z.array(
    z.object({
      /** identifies a process: `<service>/<index>/<time of its start>` */
      instance: z.string(),
      text: z.string().nullable(),
    }),
  ),
})
export type Exposition = z.infer<typeof expositions>['instances'][number]

/**
 * Paths on the socket.
 *
 * - `start` unpacks the artifact, starts the instances and answers immediately.
 * - `release` waits up to `wait` milliseconds for a state other than `starting`.
 * - `route` switches the traffic to a release that is ready. The former one runs until `stop`, and
 *   answers while the new one has no healthy instance.
 * - `stop` drains and stops the instances, and keeps the folder for a rollback.
 * - `remove` also deletes the folder, and keeps the last output.
 * - `log` returns the last lines of a release, also of one that was removed lately.
 * - `observations` waits up to `wait` milliseconds for batches that were counted since `after`.
 * - `measurements` returns the seconds after `after`, at most the last fifteen minutes.
 * - `expositions` reads the metrics `names` at `path` of every instance; an instance without a port
 *   writes them to a file.
 * - `upgrade` starts the command of the body as the next host, and hands over to it.
 * - `stopAll` drains and stops everything; the next host starts it again.
 */
export const hostPaths = {
  status: { method: 'GET', path: '/status' },
  start: { method: 'PUT', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  release: { method: 'GET', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  stop: { method: 'POST', path: '/apps/{app}/environments/{environment}/releases/{release}/stop' },
  remove: { method: 'DELETE', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  route: { method: 'PUT', path: '/apps/{app}/environments/{environment}/route' },
  observations: {
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/releases/{release}/observations',
  },
  expositions: {
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/releases/{release}/expositions',
  },
  measurements: { method: 'GET', path: '/measurements' },
  log: { method: 'GET', path: '/apps/{app}/environments/{environment}/log' },
  removeEnvironment: { method: 'DELETE', path: '/apps/{app}/environments/{environment}' },
  upgrade: { method: 'POST', path: '/upgrade' },
  stopAll: { method: 'POST', path: '/stop-all' },
} as const
