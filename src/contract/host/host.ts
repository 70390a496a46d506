import { z } from 'zod'

/**
 * `installing`: Fairlead is copied to it. `failed`: only a person can help, and `reason` says how.
 */
export const hostStates = [
  'connecting',
  'installing',
  'connected',
  'unreachable',
  'failed',
] as const
export type HostState = (typeof hostStates)[number]

/** A machine that runs services, as this server sees it. */
export const host = z.object({
  /** `local` is the machine of the server */
  name: z.string(),
  /** where SSH connects to; null for the machine of the server */
  destination: z.string().nullable(),
  /** the address in the URLs of its environments */
  address: z.string(),
  labels: z.array(z.string()),
  /** of its SSH server, as `ssh-keygen -l` prints it; null for the machine of the server */
  fingerprint: z.string().nullable(),
  folder: z.string(),
  settings: z.record(z.string(), z.string()),
  state: z.enum(hostStates),
  /** one sentence without its full stop; null while it is connected */
  reason: z.string().nullable(),
  since: z.string(),
  /** since when it gets no release, because a person drained it; null when it is not drained */
  drained: z.string().nullable(),
  /** what is live in environments with several hosts, but not on this one, which answers */
  behind: z.array(
    z.object({
      app: z.string(),
      environment: z.string(),
      release: z.number().int(),
      /** why the last try to bring it there failed, without a full stop; null before that */
      reason: z.string().nullable(),
    }),
  ),
  /** whether another version of Fairlead than that of the server is installed there */
  isOutdated: z.boolean(),
  /** what it said last; null while it does not answer */
  status: z
    .object({
      version: z.string(),
      started: z.string(),
      /** seconds that its clock is ahead of that of the server */
      clock: z.number(),
      /** bytes of the disk with its folder */
      disk: z.object({ free: z.number(), total: z.number() }).nullable(),
      releases: z.array(
        z.object({
          app: z.string(),
          environment: z.string(),
          release: z.number().int(),
          state: z.string(),
          /** whether it has the traffic */
          routed: z.boolean(),
        }),
      ),
    })
    .nullable(),
})
export type Host = z.infer<typeof host>

/** What SSH connects to: a name of the ssh_config, `USER@HOST`, or `ssh://USER@HOST:PORT`. */
export const destination = z
  .string()
  .max(200)
  .regex(
    /^(?:ssh:\/\/)?(?:[\w.-]+@)?\w[\w.-]*(?::\d{1,5})?$/,
    'must be a machine such as deploy@10.0.0.5 or ssh://deploy@example.com:2222',
  )
