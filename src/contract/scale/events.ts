import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

const data = {
  environment: z.string(),
  service: z.string(),
  /** how many instances ran before, and run now */
  from: z.number().int(),
  to: z.number().int(),
}
const numbers = (from?: number, to?: number): string =>
  from === undefined || to === undefined ? '' : ` from ${from} to ${to}`
const example = { subject: 'environment/shop/production', app: 'shop', actor: 'Ada' }

/** The number of instances of a service, as far as it is not that of fairlead.yaml. */
export const scaleEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-scale.changed',
    version: '0.1.0',
    data: {
      ...data,
      /** the number of fairlead.yaml */
      declared: z.number().int(),
      reason: z.string(),
    },
    sentence: ({ actor, id, data: { service, from, to, declared, reason } }) =>
      `${actor} changed the instances of ${service ?? 'a service'} in ${id}` +
      `${numbers(from, to)}${declared === undefined ? '' : ` (fairlead.yaml: ${declared})`}` +
      because(reason),
    tone: 'move',
    example: {
      ...example,
      data: {
        ...{ environment: 'production', service: 'web', from: 2, to: 4, declared: 2 },
        reason: 'incident 7',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-scale.ended',
    version: '0.1.0',
    data: {
      ...data,
      /** whether a release changed the number of fairlead.yaml, and no person ended it */
      isReleased: z.boolean(),
      reason: z.string(),
    },
    sentence: ({ actor, id, data: { service, from, to, isReleased, reason } }) =>
      isReleased
        ? `A release changed the instances of ${service ?? 'a service'} in ${id}` +
          numbers(from, to)
        : `${actor} set the instances of ${service ?? 'a service'} in ${id} back` +
          `${numbers(from, to)}${because(reason)}`,
    tone: 'move',
    example: {
      ...example,
      data: {
        ...{ environment: 'production', service: 'web', from: 4, to: 2 },
        ...{ isReleased: false, reason: '' },
      },
    },
  }),
] as const
