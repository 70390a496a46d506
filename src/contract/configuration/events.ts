import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { inParentheses } from '#contract/event/words.ts'

export const configurationEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-configuration.changed',
    version: '0.1.0',
    data: {
      version: z.number().int(),
      /** the names of variables and secrets */
      changed: z.array(z.string()),
      /** the version that a rollback returned to */
      restored: z.number().int().optional(),
    },
    sentence: ({ actor, id, data }) => {
      const names = data.changed?.length ? data.changed.join(', ') : 'the configuration'
      const verb = data.restored === undefined ? 'changed' : 'restored'
      const version = data.version === undefined ? undefined : `version ${data.version}`
      return `${actor} ${verb} ${names} in ${id}${inParentheses(version)}`
    },
    tone: 'fact',
    example: {
      subject: 'environment/shop/production',
      app: 'shop',
      actor: 'Ada',
      data: { version: 4, changed: ['LEVEL', 'TOKEN'] },
    },
  }),
] as const
