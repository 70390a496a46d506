import { z } from 'zod'
import { batch } from '#contract/verdict/verdict.ts'

/**
 * Which deployment asks, and the epoch of the workflow that carries it. The host keeps the highest
 * epoch of each deployment and refuses a lower one, so that a server that was frozen and overtaken
 * can change nothing.
 */
export const fence = z.object({ deployment: z.number().int(), epoch: z.number().int() })
export type Fence = z.infer<typeof fence>

/**
 * What the server asks of `fairlead host`, over HTTP on a unix socket. Every call is safe to
 * repeat.
 */
export const hostService = z.object({
  name: z.string(),
  /** given to `sh -c`; absent when `static` names a folder to serve */
  run: z.string().optional(),
  static: z.string().optional(),
  port: z.boolean(),
  health: z.object({ path: z.string().nullable(), timeout: z.number(), interval: z.number() }),
  instances: z.number().int().min(1),
  env: z.record(z.string(), z.string()),
  /** the names of those variables that are secrets, which are hidden in what is told of its log */
  secrets: z.array(z.string()).optional(),
  directory: z.string(),
  stop: z.object({ signal: z.string(), grace: z.number() }),
  memory: z.number().int().optional(),
})
export type HostService = z.infer<typeof hostService>

export const hostRelease = z.object({
  app: z.string(),
  environment: z.string(),
  /** the release's number; names its folder, once per app and environment */
  release: z.number().int(),
  fence,
  /** sha256:… of the OCI manifest, and the OCI image layout that holds it */
  artifact: z.string(),
  layout: z.string(),
  services: z.array(hostService),
  /** variables and secrets for every service; written only to files of mode 0600 */
  env: z.record(z.string(), z.string()),
  /** the fixed port of the environment, and the host name that routes to it */
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
  /** how the process last ended, in one sentence with the tail of its output */
  reason: z.string().nullable(),
  /**
   * a limit that was asked for and that this machine does not let Fairlead set; absent when all
   * hold
   */
  unlimited: z.string().optional(),
})
export type HostInstance = z.infer<typeof hostInstance>

export const hostReleaseStatus = z.object({
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  artifact: z.string(),
  /**
   * `ready` when every instance is healthy; `failed` when one will not become so, with the reason
   */
  state: z.enum(['starting', 'ready', 'failed', 'stopping', 'stopped']),
  reason: z.string().nullable(),
  /** has the traffic of its environment */
  routed: z.boolean(),
  instances: z.array(hostInstance),
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
      /**
       * since the host started: requests answered, of which 5xx, and those that no instance could
       * take
       */
      requests: z.number().int(),
      errors: z.number().int(),
      unavailable: z.number().int(),
      /** why its fixed port is not open; absent when it is */
      problem: z.string().optional(),
    }),
  ),
})
export type HostStatus = z.infer<typeof hostStatus>

export const logTail = z.object({
  lines: z.array(z.object({ service: z.string(), index: z.number().int(), text: z.string() })),
})

/**
 * By what a session is known: a header or a cookie of the app; neither is a cookie that the edge
 * sets.
 */
export const sessionRule = z.object({
  header: z.string().optional(),
  cookie: z.string().optional(),
})
export type SessionRule = z.infer<typeof sessionRule>

/** A release that is given a share of the requests at random, and what is counted of it. */
export const hostCanary = z.object({
  release: z.number().int(),
  share: z.number().min(0).max(1),
  /**
   * another start of the release with the traffic, which gets the same share and is compared in its
   * place
   */
  fresh: z.number().int().optional(),
  /** sessions are assigned and counted instead of requests */
  session: sessionRule.optional(),
  /** routes that are counted by themselves: by name, the path at which they begin */
  routes: z.record(z.string(), z.string()).optional(),
})
export type HostCanary = z.infer<typeof hostCanary>

/** The traffic of an environment: a release, and a canary beside it. */
export const hostRoute = z.object({
  release: z.number().int(),
  canary: hostCanary.optional(),
  fence,
})
export type HostRoute = z.infer<typeof hostRoute>

/** What the edge counted while a release was a canary; `next` is passed as `after` to go on. */
export const observations = z.object({ batches: z.array(batch), next: z.number().int() })
export type Observations = z.infer<typeof observations>

/**
 * What the instances of a release said of themselves, in Prometheus' text format; null for one that
 * did not answer.
 */
export const expositions = z.object({
  instances: z.array(
    z.object({
      /** names one process: `<service>/<index>/<time of its start>` */
      instance: z.string(),
      text: z.string().nullable(),
    }),
  ),
})
export type Exposition = z.infer<typeof expositions>['instances'][number]

/**
 * Paths on the socket. `start` unpacks the artifact, starts the instances and answers at once
 * (202); `status` waits up to `wait` ms for a state other than starting. `route` gives the traffic
 * to a release (it must be ready) and drains the one before, which keeps running until `stop`.
 * `stop` drains, stops the instances and keeps the folder for a rollback; `expositions` asks every
 * instance for the metrics `names` at `path`, or reads the file that one without a port writes;
 * `observations` waits up to `wait` ms for batches that the edge counted since `after`. `remove`
 * also deletes the folder. `upgrade` starts the command of its body as the next host and hands over
 * to it; `stopAll` drains and stops everything, for a machine that is to rest: the next host starts
 * it again.
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
  log: { method: 'GET', path: '/apps/{app}/environments/{environment}/log' },
  removeEnvironment: { method: 'DELETE', path: '/apps/{app}/environments/{environment}' },
  upgrade: { method: 'POST', path: '/upgrade' },
  stopAll: { method: 'POST', path: '/stop-all' },
} as const
