import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { plural, shortSha } from '#contract/event/words.ts'

const subject = 'webhook/shop'
const app = 'shop'
const actor = 'Ada'

export const webhookEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-webhook.created',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} created a secret for the webhook of ${id}`,
    tone: 'fact',
    example: { subject, app, actor, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-webhook.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} removed the webhook of ${id}`,
    tone: 'fact',
    example: { subject, app, actor, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-webhook.missed',
    version: '0.1.0',
    data: {
      /** the longest time that the change can have been there unnoticed; null when unknown */
      lateAtMostSeconds: z.number().nullable(),
    },
    sentence: ({ id, data: { lateAtMostSeconds: late } }) =>
      `No webhook announced change ${shortSha(id)}; polling found it` +
      (late === undefined || late === null
        ? ''
        : ` at most ${plural(Math.ceil(late), 'second')} after the push`),
    tone: 'warn',
    example: {
      subject: `change/${'c0ffee'.padEnd(40, '0')}`,
      app,
      data: { lateAtMostSeconds: 29.4 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-webhook.replayed',
    version: '0.1.0',
    data: { delivery: z.number().int() },
    sentence: ({ actor, id, data: { delivery } }) =>
      `${actor} replayed ` +
      (delivery === undefined ? 'a delivery' : `delivery ${delivery}`) +
      ` to the webhook of ${id}`,
    tone: 'fact',
    example: { subject, app, actor, data: { delivery: 5 } },
  }),
] as const
