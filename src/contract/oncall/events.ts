import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

const ofRota = { subject: 'rota/primary', app: null, actor: 'Ada' } as const
const ofTeam = { subject: 'team/payments', app: null, actor: 'Ada' } as const

export const oncallEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-rota.modified',
    version: '0.1.0',
    data: { people: z.array(z.string()) },
    sentence: ({ actor, id }) => `${actor} changed the rota ${id}`,
    tone: 'fact',
    page: () => '/on-call',
    example: { ...ofRota, data: { people: ['Ada', 'Bob'] } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-rota.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} deleted the rota ${id}`,
    tone: 'fact',
    example: { ...ofRota, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-override.created',
    version: '0.1.0',
    data: { person: z.string(), from: z.string(), until: z.string(), reason: z.string() },
    sentence: ({ actor, id, data: { person, from, until, reason } }) =>
      `${actor} put ${person ?? 'a person'} on call in ${id}` +
      `${from === undefined ? '' : ` from ${from} until ${until}`}${because(reason)}`,
    tone: 'fact',
    page: () => '/on-call',
    example: {
      ...ofRota,
      data: {
        ...{ person: 'Bob', reason: 'Ada is away' },
        ...{ from: '2026-11-30T09:00:00.000Z', until: '2026-12-01T09:00:00.000Z' },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-override.deleted',
    version: '0.1.0',
    data: { person: z.string() },
    sentence: ({ actor, id, data: { person } }) =>
      `${actor} deleted an override of ${person ?? 'a person'} in the rota ${id}`,
    tone: 'fact',
    page: () => '/on-call',
    example: { ...ofRota, data: { person: 'Bob' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-rota.imported',
    version: '0.1.0',
    data: { entries: z.number().int() },
    sentence: ({ actor, id, data: { entries } }) =>
      `${actor} imported ${entries ?? 'the'} entries of a calendar into the rota ${id}`,
    tone: 'fact',
    page: () => '/on-call',
    example: { ...ofRota, data: { entries: 12 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-rota.shared',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} created a new address for the calendar of ${id}`,
    tone: 'fact',
    page: () => '/on-call',
    example: { ...ofRota, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-team.modified',
    version: '0.1.0',
    data: { steps: z.number().int() },
    sentence: ({ actor, id }) => `${actor} changed how alerts reach the team ${id}`,
    tone: 'fact',
    page: () => '/on-call',
    example: { ...ofTeam, data: { steps: 2 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-team.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} deleted the team ${id}`,
    tone: 'fact',
    example: { ...ofTeam, data: {} },
  }),
] as const
