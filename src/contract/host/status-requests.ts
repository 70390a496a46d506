import { z } from 'zod'
import { defaultPage } from '#contract/status-page/pages.ts'

/** The status page that was asked; the form cannot choose it. */
const page = z.string().default(defaultPage)

/** What the updates are about: these apps and components; all if both are null. */
const chosen = {
  apps: z.array(z.string()).max(100).nullable(),
  /** as APP/KEY */
  components: z.array(z.string()).max(200).nullable().default(null),
}

/** What a reader of the status page asked the host for; a server carries it out. */
export const statusRequest = z.discriminatedUnion('kind', [
  z.object({
    ...{ id: z.string(), kind: z.literal('subscribe') },
    email: z.email().max(254),
    ...chosen,
    page,
  }),
  z.object({
    ...{ id: z.string(), kind: z.literal('subscribe-url') },
    /** the kind of the channel that sends there */
    channel: z.enum(['slack', 'cloudevents']),
    url: z
      .url({ protocol: /^https?$/ })
      .max(1000)
      .refine((text) => !URL.canParse(text) || new URL(text).username === ''),
    ...chosen,
    page,
  }),
  z.object({ id: z.string(), kind: z.enum(['confirm', 'unsubscribe']), token: z.string() }),
])
export type StatusRequest = z.infer<typeof statusRequest>

export const statusRequests = z.object({ requests: z.array(statusRequest) })

/** The requests that a server has carried out. */
export const doneStatusRequests = z.object({ done: z.array(z.string()) })
