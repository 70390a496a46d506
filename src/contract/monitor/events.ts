import { z } from 'zod'
import { defineEvent, type EventTone } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { monitorStates } from './monitor.ts'

const tones: Record<string, EventTone> = {
  up: 'good',
  degraded: 'warn',
  down: 'bad',
  unknown: 'unknown',
  maintenance: 'fact',
}

export const monitorEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-monitor.changed',
    version: '0.1.0',
    data: {
      environment: z.string().nullable(),
      service: z.string().nullable(),
      kind: z.string(),
      name: z.string(),
      state: z.enum(monitorStates),
      reason: z.string(),
    },
    sentence: ({ app, data: { environment, service, name, state, reason } }) => {
      const place = [service, environment, app].filter(Boolean).join(' in ')
      const what = `${name ?? 'A monitor'}${place ? ` of ${place}` : ''}`
      return `${what} is ${state ?? 'unknown'}${because(reason)}`
    },
    tone: ({ state }) => tones[state ?? ''] ?? 'fact',
    example: {
      subject: 'monitor/4',
      app: 'shop',
      data: {
        ...{ environment: 'production', service: 'web', kind: 'errors', name: 'errors' },
        ...{ state: 'degraded', reason: '4.2 % of the requests fail, usually 0.1 %' },
      },
    },
  }),
] as const
