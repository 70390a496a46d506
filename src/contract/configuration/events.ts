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
  defineEvent({
    type: 'dev.cdeventsx.fairlead-configuration.stopped',
    version: '0.1.0',
    data: {
      /** the environments that keep their values, although the change was meant for them, too */
      environments: z.array(z.string()),
      reason: z.string(),
    },
    sentence: ({ id, data: { environments = [], reason } }) =>
      `A changed configuration stopped after ${id}: ` +
      `${environments.join(', ') || 'the next environments'} ` +
      `${environments.length === 1 ? 'keeps its' : 'keep their'} values` +
      (reason === undefined ? '' : `, because ${reason}`),
    tone: 'bad',
    example: {
      subject: 'environment/shop/staging',
      app: 'shop',
      data: { environments: ['production'], reason: 'the release was rolled back' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-secretprefix.changed',
    version: '0.1.0',
    data: {
      /** prefixes of references, such as `vault:secret/data/shop` */
      allowed: z.array(z.string()),
      removed: z.array(z.string()),
    },
    sentence: ({ actor, app, data: { allowed = [], removed = [] } }) => {
      const parts = [
        ...(allowed.length > 0 ? [`allowed ${allowed.join(', ')}`] : []),
        ...(removed.length > 0 ? [`no longer allows ${removed.join(', ')}`] : []),
      ]
      return `${actor} ${parts.join(' and ') || 'changed the places'} for the secrets of ${app}`
    },
    tone: 'fact',
    example: {
      subject: 'app/shop',
      app: 'shop',
      actor: 'Ada',
      data: { allowed: ['vault:secret/data/shop'], removed: [] },
    },
  }),
] as const
