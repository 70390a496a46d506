import { z } from 'zod'

/** A configuration file of a service, which the host writes before the service starts. */
export const hostFile = z.object({
  /** relative to the folder of the service's files, `$FAIRLEAD_CONFIG_DIR` */
  path: z.string(),
  text: z.string(),
  /** permissions, such as 0o640 */
  mode: z.number().int(),
  /** commands for `sh -c` that must succeed before the service starts; `$FILE` is the file */
  checks: z.array(z.string()),
})
export type HostFile = z.infer<typeof hostFile>

/**
 * Of a service that never runs twice at once. It belongs to the environment, not to a release, and
 * restarts only when a release changes it.
 */
export const hostExclusive = z.object({
  /** whether it has a data folder of its own, `$FAIRLEAD_DATA_DIR` */
  keeps: z.boolean(),
  /** the port on which it listens itself; absent when it listens on `$PORT` or on none */
  listens: z.number().int().optional(),
  /** the signal after which it reads its files again */
  reload: z.string().optional(),
  /** paths in the artifact whose content counts as part of it */
  uses: z.array(z.string()),
})
export type HostExclusive = z.infer<typeof hostExclusive>

/** Requests whose path is this one, or below it, get the service. */
export const servicePath = z.object({
  /** such as `/api`, without a slash at its end */
  path: z.string(),
  /** whether the service gets the rest of the path only */
  strip: z.boolean(),
})
export type ServicePath = z.infer<typeof servicePath>

/** How the container of a service runs. */
export const hostContainer = z.object({
  /** `NAME@sha256:…`, or `sha256:…` of an image that the machine has */
  image: z.string(),
  /** the port on which it listens; also in `PORT` */
  port: z.number().int(),
  /** the user in the container; absent for that of the image */
  user: z.string().optional(),
  readOnly: z.boolean(),
  /** capabilities of the kernel that it has; all others are dropped */
  capabilities: z.array(z.string()),
  /** processors, such as 0.5; absent for no limit */
  cpus: z.number().optional(),
  /** networks of the Engine that it joins besides the default one */
  networks: z.array(z.string()),
})
export type HostContainer = z.infer<typeof hostContainer>

/**
 * A service of a release. The server sends it to `fairlead host` over HTTP on a unix socket; every
 * call can be repeated.
 */
export const hostService = z.object({
  name: z.string(),
  /** command for `sh -c`; absent for `static`, and for the command of an image */
  run: z.string().optional(),
  static: z.string().optional(),
  /** absent for a process of the machine */
  container: hostContainer.optional(),
  port: z.boolean(),
  paths: z.array(servicePath).optional(),
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
  files: z.array(hostFile).optional(),
  exclusive: hostExclusive.optional(),
  /** what a rehearsal does beyond what Fairlead knows of the software; see `ServiceFile` */
  rehearse: z
    .object({
      run: z.string().optional(),
      /** `HOST:PORT` of what the second instance may connect to */
      allow: z.array(z.string()),
      settings: z.string().optional(),
    })
    .optional(),
})
export type HostService = z.infer<typeof hostService>
