import { z } from 'zod'
import { type Urgency, urgencies } from '#contract/alert/alert.ts'

/** What an objective says, as its monitor stores it. */
export const sloSettings = z.object({
  /** share of the requests that must be good */
  objective: z.number(),
  /** milliseconds within which a request is good; null when it is good unless it fails */
  below: z.number().nullable(),
  /** milliseconds */
  window: z.number(),
})
export type SloSettings = z.infer<typeof sloSettings>

/** An objective that the live release of an environment has. */
export interface WantedSlo {
  app: string
  environment: string
  service: string | null
  name: string
  urgency: Urgency | null
  settings: SloSettings
}

/** The part of a stored definition that objectives come from; its durations are milliseconds. */
const definitionWithSlos = z.object({
  slo: z.record(
    z.string(),
    z.object({
      availability: z.number().optional(),
      latency: z.object({ below: z.number(), of: z.number() }).optional(),
      service: z.string().optional(),
      environments: z.array(z.string()),
      window: z.number(),
      urgency: z.enum(urgencies).optional(),
    }),
  ),
  environments: z.record(z.string(), z.unknown()),
})

/** The objectives of an environment, as its live release has them. Pure. */
export function wantedSlos(
  { app, environment }: { app: string; environment: string },
  definition: unknown,
): WantedSlo[] {
  const { data } = definitionWithSlos.safeParse(definition)
  if (!data) return []
  const last = Object.keys(data.environments).at(-1)
  return Object.entries(data.slo).flatMap(([name, one]) => {
    const { availability, latency, service, environments, window, urgency } = one
    const isHere =
      environments.length === 0 ? environment === last : environments.includes(environment)
    const objective = availability ?? latency?.of
    if (!isHere || objective === undefined) return []
    return [
      {
        ...{ app, environment, name },
        ...{ service: service ?? null, urgency: urgency ?? null },
        settings: { objective, below: latency?.below ?? null, window },
      },
    ]
  })
}
