import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'

/** The key that seals secrets. Keys are named by the first digits of their SHA-256. */
const key = z.object({
  key: z.string(),
  /** the file or the variable that it comes from */
  where: z.string(),
  /** keys that still open, and seal nothing */
  older: z.array(z.string()),
  /** whether Fairlead keeps it itself */
  isOwn: z.boolean(),
})

/** The server itself: health, and the key that encrypts secrets. */
export const serverEndpoints = {
  health: endpoint({
    method: 'GET',
    path: '/health',
    role: 'public',
    summary: 'Is the server up, and can it reach its database and its host',
    output: z.object({
      status: z.enum(['ok', 'degraded']),
      version: z.string(),
      database: z.enum(['ok', 'unreachable']),
      host: z.enum(['ok', 'unreachable']),
      /**
       * megabytes free on the disk of the installation, and the floor below which new work waits
       */
      disk: z.object({ free: z.number(), floor: z.number() }),
      /** the port of the edge that services are reached through */
      edge: z.number().int(),
    }),
  }),
  getKey: endpoint({
    method: 'GET',
    path: '/key',
    role: 'admin',
    summary: 'Which key seals secrets, by its name, and where it is kept',
    output: key,
  }),
  rotateKey: endpoint({
    method: 'POST',
    path: '/key/rotate',
    role: 'admin',
    summary: 'Make a new key, and seal all secrets with it',
    output: key.extend({ resealed: z.number().int(), problems: z.array(z.string()) }),
  }),
}
