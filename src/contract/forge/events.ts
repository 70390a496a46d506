import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'

const about = { subject: 'forge/shop', app: 'shop', actor: 'Ada' } as const

export const forgeEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-forge.created',
    version: '0.1.0',
    data: { kind: z.string(), url: z.string(), repository: z.string() },
    sentence: ({ actor, id, data: { repository } }) =>
      `${actor} connected ${id} to ${repository ?? 'its Git provider'}`,
    tone: 'fact',
    example: {
      ...about,
      data: { kind: 'github', url: 'https://api.github.com', repository: 'acme/shop' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-forge.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} disconnected ${id} from its Git provider`,
    tone: 'fact',
    example: { ...about, data: {} },
  }),
] as const
