import { z } from 'zod'
import { defineEvent, type EventTone } from '#contract/event/define-event.ts'
import { type ComponentState, componentStates, componentStateWords } from './status-page.ts'

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
    version: '0.1.0',
    data: {
      environment: z.string(),
      state: z.enum(componentStates),
      before: z.enum(componentStates).nullable(),
      /** ISO 8601; from when the state holds */
      since: z.string(),
    },
    sentence: ({ app, data: { environment, state } }) => {
      const place = [environment, app].filter(Boolean).join(' of ')
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
] as const
