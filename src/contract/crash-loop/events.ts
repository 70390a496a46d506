import { z } from 'zod'
import { defineEvent, type EventView } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

const data = {
  environment: z.string(),
  service: z.string(),
  /** the deployment that was live when the crash loop was detected */
  deployment: z.number().int(),
  /** how an instance ended last; for a crash loop that has ended, why it has */
  reason: z.string(),
  /** the digest of its artifact */
  artifact: z.string().optional(),
}
const placeOf = ({ data: { service, environment } }: EventView<typeof data>): string =>
  `${service ?? 'a service'} in ${environment ?? 'an environment'}`
const example = {
  subject: 'crash-loop/3',
  app: 'shop',
  data: {
    ...{ environment: 'production', service: 'worker', deployment: 9 },
    reason: 'worker exited with 1; its first error: no queue',
  },
} as const

export const crashLoopEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-crashloop.detected',
    version: '0.1.0',
    data,
    sentence: (event) => `A crash loop began: ${placeOf(event)}${because(event.data.reason)}`,
    tone: 'bad',
    example,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-crashloop.ended',
    version: '0.1.0',
    data,
    sentence: (event) => `The crash loop has ended: ${placeOf(event)}${because(event.data.reason)}`,
    tone: 'good',
    example: { ...example, data: { ...example.data, reason: 'it stays up again' } },
  }),
] as const
