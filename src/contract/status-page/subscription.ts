import { z } from 'zod'

/** Who gets the updates of the status page, besides those who read it. Times are ISO 8601 UTC. */
export const statusSubscription = z.object({
  name: z.string(),
  /** the kind of a channel, such as `slack` */
  kind: z.string(),
  /** the updates about these apps and components; all if both are null */
  apps: z.array(z.string()).nullable(),
  /** as APP/KEY */
  components: z.array(z.string()).nullable(),
  /** the status page whose updates are sent */
  page: z.string(),
  created: z.string(),
  /** when a message was last accepted; null before the first one */
  proven: z.string().nullable(),
  /** why the last message was not accepted; null when it was */
  problem: z.string().nullable(),
  /** updates that are not sent yet */
  waiting: z.number().int(),
})
export type StatusSubscription = z.infer<typeof statusSubscription>
