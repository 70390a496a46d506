import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

/** The maintenance page of an environment. */
export const maintenanceEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-maintenance.started',
    version: '0.1.0',
    data: {
      environment: z.string(),
      reason: z.string(),
      /** when it ends by itself; null when a person ends it */
      until: z.string().nullable(),
    },
    sentence: ({ actor, id, data: { reason } }) =>
      `${actor} started the maintenance page of ${id}${because(reason)}`,
    tone: 'stopped',
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      actor: 'Ada',
      data: {
        ...{ environment: 'production', reason: 'incident 7: balances are wrong' },
        until: '2026-11-30T12:00:00.000Z',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-maintenance.ended',
    version: '0.1.0',
    data: {
      environment: z.string(),
      /** the reason for which it was started */
      reason: z.string(),
      /** whether its time was over, and no person ended it */
      isOver: z.boolean(),
    },
    sentence: ({ actor, id, data: { isOver } }) =>
      isOver
        ? `The maintenance page of ${id} ended, because its time was over`
        : `${actor} ended the maintenance page of ${id}`,
    tone: 'move',
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      actor: 'Ada',
      data: { environment: 'production', reason: 'balances are wrong', isOver: false },
    },
  }),
] as const
