import { z } from 'zod'
import { defineEvent, type EventTone } from '#contract/event/define-event.ts'
import {
  type ComponentState,
  componentStates,
  componentStateWords,
  statusPhases,
} from './status-page.ts'

const tones: Record<ComponentState, EventTone> = {
  operational: 'good',
  degraded: 'warn',
  partial_outage: 'bad',
  major_outage: 'bad',
  maintenance: 'fact',
  unknown: 'unknown',
}

export const statusPageEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-status.changed',
    version: '0.2.0',
    data: {
      environment: z.string(),
      /** the key of the component in fairlead.yaml; absent for the whole app */
      component: z.string().optional(),
      state: z.enum(componentStates),
      before: z.enum(componentStates).nullable(),
      /** ISO 8601; from when the state holds */
      since: z.string(),
    },
    sentence: ({ app, data: { environment, component, state } }) => {
      const place = [component, environment, app].filter(Boolean).join(' of ')
      const word = componentStateWords[state ?? 'unknown'].toLowerCase()
      return `The status page shows ${place || 'a component'} as: ${word}`
    },
    tone: ({ state }) => tones[state ?? 'unknown'],
    example: {
      subject: 'status/shop/production',
      app: 'shop',
      data: {
        ...{ environment: 'production', state: 'partial_outage', before: 'operational' },
        since: '2026-11-29T14:02:00.000Z',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-status.updated',
    version: '0.1.0',
    data: {
      environment: z.string(),
      title: z.string(),
      phase: z.enum(statusPhases),
      text: z.string(),
      /** ISO 8601; when customers were promised the next update */
      promised: z.string().nullable(),
    },
    sentence: ({ actor, data: { title, phase } }) =>
      `${actor} told customers about ${title ?? 'an incident'}: ${phase ?? 'an update'}`,
    tone: ({ phase }) => (phase === 'resolved' ? 'good' : 'fact'),
    example: {
      ...{ subject: 'incident/3', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', title: 'Partial outage of the shop' },
        ...{ phase: 'identified', text: 'Cards are refused. We exchange the gateway.' },
        promised: '2026-11-29T14:32:00.000Z',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-status.discarded',
    version: '0.1.0',
    data: { environment: z.string(), title: z.string(), phase: z.enum(statusPhases) },
    sentence: ({ actor, data: { title, phase } }) =>
      `${actor} discarded the draft for customers about ${title ?? 'an incident'}` +
      (phase === undefined ? '' : `: ${phase}`),
    tone: () => 'fact',
    example: {
      ...{ subject: 'incident/3', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', title: 'Partial outage of the shop' },
        phase: 'investigating',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-status.subscribed',
    version: '0.1.0',
    data: {
      kind: z.string(),
      apps: z.array(z.string()).nullable(),
      components: z.array(z.string()).nullable(),
    },
    sentence: ({ actor, id, data: { kind } }) =>
      `${actor} set up the subscription ${id} of the status page${kind ? `, by ${kind}` : ''}`,
    tone: () => 'fact',
    example: {
      ...{ subject: 'status-subscription/customers', app: null, actor: 'Ada' },
      data: { kind: 'slack', apps: null, components: ['shop/checkout'] },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-status.unsubscribed',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} deleted the subscription ${id} of the status page`,
    tone: () => 'fact',
    example: {
      ...{ subject: 'status-subscription/customers', app: null, actor: 'Ada', data: {} },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-statuspage.changed',
    version: '0.1.0',
    data: {
      title: z.string(),
      url: z.string().nullable(),
      apps: z.array(z.string()),
      groups: z.array(z.string()),
      components: z.array(z.string()),
      private: z.boolean(),
    },
    sentence: ({ actor, id }) => `${actor} changed the status page ${id}`,
    tone: () => 'fact',
    example: {
      ...{ subject: 'status-page/internal', app: null, actor: 'Ada' },
      data: {
        ...{ title: 'Internal systems', url: 'https://status.internal.example.com' },
        ...{ apps: ['shop', 'billing'], groups: [], components: [], private: true },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-statuspage.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} deleted the status page ${id}`,
    tone: () => 'fact',
    example: { ...{ subject: 'status-page/internal', app: null, actor: 'Ada', data: {} } },
  }),
] as const
