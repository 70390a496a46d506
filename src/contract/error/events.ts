import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

const data = { type: z.string(), message: z.string() }
const seen = {
  ...data,
  environment: z.string(),
  release: z.number().int(),
  service: z.string(),
}
const facts = { type: 'TypeError', message: 'no price for tea' }
const example = {
  subject: 'error/7',
  app: 'shop',
  data: { ...facts, environment: 'production', release: 42, service: 'web' },
} as const
const byAda = { ...example, actor: 'Ada', data: facts }
const titleOf = ({ type, message }: { type?: string; message?: string }): string =>
  `${type ?? 'an error'}${because(message)}`

export const errorEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-error.appeared',
    version: '0.1.0',
    data: seen,
    sentence: ({ app, data }) =>
      `New error in ${[data.service, data.environment, app].filter(Boolean).join(' of ')}: ` +
      titleOf(data),
    tone: 'bad',
    example,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-error.regressed',
    version: '0.1.0',
    data: seen,
    sentence: ({ data }) => `The error came back after it was resolved: ${titleOf(data)}`,
    tone: 'bad',
    example,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-error.resolved',
    version: '0.1.0',
    data,
    sentence: ({ actor, data }) => `${actor} resolved the error ${titleOf(data)}`,
    tone: 'good',
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-error.ignored',
    version: '0.1.0',
    data,
    sentence: ({ actor, data }) => `${actor} ignores the error ${titleOf(data)}`,
    tone: 'fact',
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-error.reopened',
    version: '0.1.0',
    data,
    sentence: ({ actor, data }) => `${actor} opened the error again: ${titleOf(data)}`,
    tone: 'fact',
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-errorkey.replaced',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, app }) => `${actor} replaced the key for errors of ${app ?? 'an app'}`,
    tone: 'fact',
    example: { subject: 'app/shop', app: 'shop', actor: 'Ada', data: {} },
  }),
] as const
