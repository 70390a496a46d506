import { z } from 'zod'

/** How the actor of an event was authenticated, and from where. */
export const by = z.object({
  /**
   * A session of the console, an API token, the token file of this machine, a sign-in link, the
   * OpenID provider, or the webhook of a forge.
   */
  credential: z.enum(['session', 'token', 'machine', 'link', 'provider', 'webhook']),
  /** the name of the token */
  name: z.string().optional(),
  /** the IP address of the client */
  address: z.string().nullable(),
  /** the user of the forge who caused the webhook, as the forge reports it */
  onBehalfOf: z.string().optional(),
})
export type By = z.infer<typeof by>

/** Who did something: the name alone for Fairlead itself; with the credential for a request. */
export type Actor = string | { name: string; by: By }

export const nameOfActor = (actor: Actor): string =>
  typeof actor === 'string' ? actor : actor.name

/**
 * A stored event. `id` grows in the order of commits and is never reused; `time` is ISO 8601 UTC.
 * `type` and `data` may be of an older or a newer version than the definitions here.
 */
export const storedEvent = z.object({
  id: z.number().int(),
  time: z.string(),
  type: z.string(),
  version: z.string(),
  subject: z.string(),
  chain: z.string(),
  app: z.string().nullable(),
  actor: z.string(),
  /** null for what Fairlead did by itself, and for events of versions that did not store it */
  by: by.nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type StoredEvent = z.infer<typeof storedEvent>
