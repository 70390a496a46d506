import { z } from 'zod'
import { defineEvent, type EventView } from '#contract/event/define-event.ts'
import { because, packageUrl } from '#contract/event/words.ts'

const data = {
  environment: z.string(),
  service: z.string(),
  /** the deployment that was live when the incident was detected */
  deployment: z.number().int(),
  /** how an instance ended last; for an incident that is resolved, why it is */
  reason: z.string(),
  /** the digest of its artifact */
  artifact: z.string().optional(),
}
const placeOf = ({ data: { service, environment } }: EventView<typeof data>): string =>
  `${service ?? 'a service'} in ${environment ?? 'an environment'}`
const contentOf = (event: EventView<typeof data>) => ({
  description: event.data.reason ?? '',
  environment: {
    id: `environment/${event.app ?? 'unknown'}/${event.data.environment ?? 'unknown'}`,
  },
  ...(event.data.service === undefined ? {} : { service: { id: event.data.service } }),
  artifactId: packageUrl(event.app, event.data.artifact),
})
const example = {
  subject: 'incident/3',
  app: 'shop',
  data: {
    ...{ environment: 'production', service: 'worker', deployment: 9 },
    reason: 'worker exited with 1; its first error: no queue',
  },
} as const

export const incidentEvents = [
  defineEvent({
    type: 'dev.cdevents.incident.detected',
    version: '0.3.0',
    data,
    sentence: (event) => `A crash loop began: ${placeOf(event)}${because(event.data.reason)}`,
    tone: 'bad',
    content: contentOf,
    example,
  }),
  defineEvent({
    type: 'dev.cdevents.incident.resolved',
    version: '0.3.0',
    data,
    sentence: (event) => `The crash loop has ended: ${placeOf(event)}${because(event.data.reason)}`,
    tone: 'good',
    content: contentOf,
    example: { ...example, data: { ...example.data, reason: 'it stays up again' } },
  }),
] as const
