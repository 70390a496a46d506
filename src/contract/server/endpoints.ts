import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'

/** The key that encrypts secrets. Keys are named by the first digits of their SHA-256. */
const key = z.object({
  key: z.string(),
  /** file or variable that holds it */
  where: z.string(),
  /** older keys, which only decrypt */
  older: z.array(z.string()),
  /** true when Fairlead stores the key itself */
  isOwn: z.boolean(),
})

/** Work that the server repeats by itself. Times are ISO 8601 UTC, durations are seconds. */
const backgroundJob = z.object({
  name: z.string(),
  /** the replica that runs it; null when one replica at a time runs it */
  replica: z.string().nullable(),
  state: z.enum(['ok', 'late', 'failing']),
  /** time between two runs */
  interval: z.number(),
  isRunning: z.boolean(),
  /** the last run */
  started: z.string().nullable(),
  ended: z.string().nullable(),
  /** end of the last run that succeeded */
  succeeded: z.string().nullable(),
  /** runs in a row that failed, and the error of the last one */
  failures: z.number().int(),
  error: z.string().nullable(),
  /** how late the next run is */
  lag: z.number(),
})

/** The server itself: health, background work, and the key that encrypts secrets. */
export const serverEndpoints = {
  health: endpoint({
    method: 'GET',
    path: '/health',
    role: 'public',
    summary: 'Report whether the server can reach its database and its host',
    output: z.object({
      status: z.enum(['ok', 'degraded']),
      version: z.string(),
      database: z.enum(['ok', 'unreachable']),
      host: z.enum(['ok', 'unreachable']),
      /**
       * megabytes free on the disk of the installation, and the floor below which new work waits
       */
      disk: z.object({ free: z.number(), floor: z.number() }),
      /** port of the edge, through which services are reached */
      edge: z.number().int(),
    }),
  }),
  listBackgroundJobs: endpoint({
    method: 'GET',
    path: '/background-jobs',
    role: 'operator',
    summary: 'List the background jobs of the server, with their last run, lag and failures',
    output: z.object({ jobs: z.array(backgroundJob) }),
  }),
  getKey: endpoint({
    method: 'GET',
    path: '/key',
    role: 'admin',
    summary: 'Show the name of the key that encrypts secrets, and where it is stored',
    output: key,
  }),
  rotateKey: endpoint({
    method: 'POST',
    path: '/key/rotate',
    role: 'admin',
    summary: 'Create a new key, and encrypt all secrets with it',
    output: key.extend({ resealed: z.number().int(), problems: z.array(z.string()) }),
  }),
}
