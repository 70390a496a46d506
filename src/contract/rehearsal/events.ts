import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { rehearsalCauses, rehearsalStates } from './rehearsal.ts'

const ends = {
  returns: 'would come back after a restart',
  fails: 'would not come back after a restart',
  unknown: 'was rehearsed without a result',
} as const

const restart = {
  service: z.string(),
  release: z.number().int(),
  /** whether a rehearsal that failed was overridden, or left out */
  isForced: z.boolean(),
  reason: z.string(),
}

export const rehearsalEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-service.rehearsed',
    version: '0.1.0',
    data: {
      service: z.string(),
      release: z.number().int(),
      cause: z.enum(rehearsalCauses),
      state: z.enum(rehearsalStates),
      reason: z.string().nullable(),
    },
    sentence: ({ id, data }) =>
      `${data.service ?? 'A service'} in ${id} ${ends[data.state ?? 'unknown']}` +
      because(data.reason),
    tone: ({ state }) => (state === 'returns' ? 'good' : state === 'fails' ? 'bad' : 'unknown'),
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      data: {
        ...{ service: 'redis', release: 21, cause: 'night', state: 'fails' },
        reason: 'it would be a replica of 10.0.0.9:6379; it is a master now',
      },
    },
  }),
  // Before the act: harm may follow before the restart has ended.
  defineEvent({
    type: 'dev.cdeventsx.fairlead-service.restarting',
    version: '0.1.0',
    data: restart,
    sentence: ({ actor, id, data }) =>
      `${actor} restarts ${data.service ?? 'a service'} in ${id}` +
      (data.isForced ? ' without a rehearsal' : '') +
      because(data.reason || null),
    tone: 'move',
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      actor: 'Ada',
      data: { service: 'redis', release: 21, isForced: false, reason: '' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-service.restarted',
    version: '0.1.0',
    data: {
      ...restart,
      problem: z.string().nullable(),
    },
    sentence: ({ actor, id, data }) =>
      `${actor} restarted ${data.service ?? 'a service'} in ${id}` +
      (data.isForced ? ' without a rehearsal' : '') +
      because(data.problem ?? (data.reason || null)),
    tone: ({ problem }) => (problem === null ? 'fact' : 'bad'),
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      actor: 'Ada',
      data: { service: 'redis', release: 21, isForced: false, reason: '', problem: null },
    },
  }),
] as const
