import { z } from 'zod'

/**
 * The deployment that requests a change, and the epoch of the workflow that runs it. The host keeps
 * the highest epoch of each deployment and refuses a lower one, so that a server that was frozen
 * and replaced cannot change anything.
 */
export const fence = z.object({ deployment: z.number().int(), epoch: z.number().int() })
export type Fence = z.infer<typeof fence>
