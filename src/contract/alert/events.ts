import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { urgencies } from './alert.ts'

const data = {
  environment: z.string().nullable(),
  service: z.string().nullable(),
  title: z.string(),
}
const example = {
  subject: 'alert/7',
  app: 'shop',
  data: { environment: 'production', service: 'web', title: 'web fails requests in production' },
} as const
const titleOf = ({ title }: { title?: string | undefined }): string => title ?? 'an alert'

export const alertEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-alert.opened',
    version: '0.1.0',
    data: { ...data, urgency: z.enum(urgencies), reason: z.string() },
    sentence: ({ data }) => `Alert: ${titleOf(data)}${because(data.reason)}`,
    tone: 'bad',
    example: {
      ...example,
      data: { ...example.data, urgency: 'high', reason: '4.2 % of the requests fail' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-alert.reopened',
    version: '0.1.0',
    data: { ...data, reason: z.string() },
    sentence: ({ data }) => `The alert opened again: ${titleOf(data)}${because(data.reason)}`,
    tone: 'bad',
    example: { ...example, data: { ...example.data, reason: 'the acknowledgement expired' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-alert.acknowledged',
    version: '0.1.0',
    data: { ...data, until: z.string(), comment: z.string() },
    sentence: ({ actor, data }) =>
      `${actor} acknowledged the alert: ${titleOf(data)}${because(data.comment)}`,
    tone: 'fact',
    example: {
      ...{ ...example, actor: 'Ada' },
      data: { ...example.data, until: '2026-11-29T12:00:00.000Z', comment: '' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-alert.passed',
    version: '0.1.0',
    data: { ...data, comment: z.string() },
    sentence: ({ actor, data }) =>
      `${actor} passed the alert on: ${titleOf(data)}${because(data.comment)}`,
    tone: 'fact',
    example: { ...{ ...example, actor: 'Ada' }, data: { ...example.data, comment: '' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-alert.resolved',
    version: '0.1.0',
    data: { ...data, reason: z.string() },
    sentence: ({ data }) => `The alert is resolved: ${titleOf(data)}${because(data.reason)}`,
    tone: 'good',
    example: { ...example, data: { ...example.data, reason: 'it has ended' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-silence.created',
    version: '0.2.0',
    data: {
      environment: z.string().nullable(),
      service: z.string().nullable(),
      /** when it begins */
      from: z.string().optional(),
      until: z.string(),
      /** conditions on labels */
      matchers: z.array(z.string()).optional(),
      reason: z.string(),
    },
    sentence: ({ actor, app, data: { environment, service, from, until, matchers, reason } }) => {
      const place = [service, environment, app].filter(Boolean).join(' in ')
      const what = [place && `of ${place}`, matchers?.length && `with ${matchers.join(', ')}`]
      return (
        `${actor} silenced alerts ${what.filter(Boolean).join(' ')}` +
        (from === undefined ? '' : ` from ${from}`) +
        (until === undefined ? '' : ` until ${until}`) +
        because(reason)
      )
    },
    tone: 'fact',
    example: {
      ...{ subject: 'silence/3', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', service: null },
        ...{ until: '2026-11-29T12:00:00.000Z', reason: 'load test' },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-silence.ended',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} ended silence ${id}`,
    tone: 'fact',
    example: { subject: 'silence/3', app: 'shop', actor: 'Ada', data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-externalchange.reported',
    version: '0.1.0',
    data: { summary: z.string(), source: z.string(), link: z.string().nullable() },
    sentence: ({ actor, data: { summary, source } }) =>
      `${actor} reported a change${source ? ` of ${source}` : ''}${because(summary)}`,
    tone: 'fact',
    example: {
      ...{ subject: 'external-change/5', app: 'shop', actor: 'Ada' },
      data: { summary: 'raised the limit of connections', source: 'terraform', link: null },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-channel.modified',
    version: '0.1.0',
    data: { kind: z.string(), person: z.string().nullable(), urgency: z.enum(urgencies) },
    sentence: ({ actor, id, data: { person } }) =>
      `${actor} set up the channel ${id}${person ? ` of ${person}` : ''}`,
    tone: 'fact',
    example: {
      ...{ subject: 'channel/team', app: null, actor: 'Ada' },
      data: { kind: 'slack', person: null, urgency: 'low' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-channel.tested',
    version: '0.1.0',
    data: { problem: z.string().nullable() },
    sentence: ({ actor, id, data: { problem } }) =>
      problem
        ? `The channel ${id} did not accept a test message of ${actor}${because(problem)}`
        : `${actor} sent a test message to the channel ${id}`,
    tone: 'fact',
    example: { subject: 'channel/team', app: null, actor: 'Ada', data: { problem: null } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-channel.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} deleted the channel ${id}`,
    tone: 'fact',
    example: { subject: 'channel/team', app: null, actor: 'Ada', data: {} },
  }),
] as const
