import { z } from 'zod'
import { name } from '#contract/app/app.ts'

/** Names a fault in files and paths: lower case, digits and hyphens. */
export const faultId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must have lower-case letters, digits and hyphens only')

/** What a fault can hurt. An empty one has no instances and is refused. */
export const radius = z.object({
  /** instances of the service that the fault hits */
  instances: z.number().int().min(0),
  /** instances of the service that run */
  of: z.number().int().min(0),
  /** it takes something from every process of the machine, Fairlead included */
  isHost: z.boolean(),
})
export type Radius = z.infer<typeof radius>

/**
 * `armed`: its undo is on disk, and the fault exists or is about to. `undoing`: it is being undone.
 * `undone`: the guardian has read that the state is as before.
 */
export const faultState = z.enum(['armed', 'undoing', 'undone'])

/** A fault of a host. Times are in milliseconds since 1970. */
export const hostFault = z.object({
  id: faultId,
  action: z.string(),
  app: name,
  environment: name,
  service: name,
  state: faultState,
  created: z.number(),
  /** it is undone then at the latest */
  ends: z.number(),
  /** why it is or was undone; null while it is armed */
  reason: z.string().nullable(),
  /** why it could not be undone yet; the guardian goes on trying */
  problem: z.string().nullable(),
})
export type HostFault = z.infer<typeof hostFault>
export const hostFaults = z.object({ faults: z.array(hostFault) })

/** The longest time that a fault may exist, in milliseconds. */
export const longestFaultMs = 3_600_000

/** A fault that a host is to make. */
export const faultRequest = z.object({
  id: faultId,
  service: name,
  action: name,
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** instances to hit, chosen at random; 0 is refused */
  instances: z.number().int().min(0).max(1000).default(1),
  /** milliseconds after which it is undone, whatever happens */
  duration: z.number().int().min(100).max(longestFaultMs),
  /** milliseconds after which it is undone unless the lease is renewed */
  lease: z.number().int().min(100).max(60_000).default(10_000),
  /** reads everything and changes nothing */
  isPlan: z.boolean().default(false),
})
export type FaultRequest = z.input<typeof faultRequest>

export const faultLease = z.object({ lease: faultRequest.shape.lease })
/** What a fault hits; the host answers when it exists. */
export const faultAnswer = z.object({ radius })
export type FaultAnswer = z.infer<typeof faultAnswer>
