import { z } from 'zod'

/** The version of the specification: https://github.com/cdevents/spec/tree/v0.5.1 */
export const cdEventsVersion = '0.5.1'

/**
 * An event as CDEvents writes it. Types without a place in its vocabulary are custom events of the
 * tool `fairlead`: https://github.com/cdevents/spec/tree/v0.5.1/custom
 */
export const cdEvent = z.object({
  context: z.object({
    specversion: z.literal(cdEventsVersion),
    /** the id of the stored event; pass the last one as `after` to go on */
    id: z.string(),
    /** the address of this installation */
    source: z.string(),
    /** with the version of its schema, such as `dev.cdevents.change.merged.0.3.0` */
    type: z.string(),
    timestamp: z.string(),
    chainId: z.string(),
  }),
  subject: z.object({
    id: z.string(),
    source: z.string(),
    content: z.record(z.string(), z.unknown()),
  }),
  /** the app, the actor, and the event's own data */
  customData: z.record(z.string(), z.unknown()),
})
export type CdEvent = z.infer<typeof cdEvent>
