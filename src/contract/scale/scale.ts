import { z } from 'zod'

/** How many instances of a service run, and how many fairlead.yaml asks for. */
export const scale = z.object({
  service: z.string(),
  /** the number of the live release's fairlead.yaml */
  declared: z.number().int(),
  instances: z.number().int(),
  /** who set another number than that of fairlead.yaml, and why; null when nobody did */
  set: z.object({ actor: z.string(), reason: z.string(), since: z.string() }).nullable(),
  /** why its number cannot be changed, in one sentence without a full stop; null when it can */
  refusal: z.string().nullable(),
})
export type Scale = z.infer<typeof scale>
