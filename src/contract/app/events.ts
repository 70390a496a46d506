import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'

export const appEvents = [
  defineEvent({
    type: 'dev.cdevents.repository.created',
    version: '0.3.0',
    data: { kind: z.enum(['hosted', 'path', 'url']), branch: z.string() },
    sentence: ({ actor, id, data: { branch } }) =>
      `${actor} registered the app ${id}` +
      (branch === undefined ? '' : `, delivered from ${branch}`),
    tone: 'fact',
    content: ({ id }, { url }) => ({ name: id, uri: `${url}/git/${id}.git` }),
    example: { subject: 'app/shop', app: 'shop', data: { kind: 'hosted', branch: 'main' } },
  }),
  defineEvent({
    type: 'dev.cdevents.repository.modified',
    version: '0.3.0',
    data: { branch: z.string(), was: z.string() },
    sentence: ({ actor, id, data: { branch } }) =>
      `${actor} changed the delivered branch of ${id}` +
      (branch === undefined ? '' : ` to ${branch}`),
    tone: 'fact',
    content: ({ id }, { url }) => ({ name: id, uri: `${url}/git/${id}.git` }),
    example: { subject: 'app/shop', app: 'shop', data: { branch: 'trunk', was: 'main' } },
  }),
  defineEvent({
    type: 'dev.cdevents.repository.deleted',
    version: '0.3.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} removed the app ${id}`,
    tone: 'warn',
    content: ({ id }) => ({ name: id }),
    example: { subject: 'app/shop', app: 'shop', data: {} },
  }),
  defineEvent({
    type: 'dev.cdevents.branch.created',
    version: '0.3.0',
    data: { commit: z.string() },
    sentence: ({ actor, id, app }) => `${actor} created the branch ${id} of ${app}`,
    tone: 'fact',
    content: ({ app }) => ({ repository: { id: app ?? 'unknown' } }),
    example: {
      subject: 'branch/drift-12',
      app: 'shop',
      data: { commit: 'c0ffee'.padEnd(40, '0') },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.branch.deleted',
    version: '0.3.0',
    data: {
      /** the commit that the branch was at */
      was: z.string().nullable(),
    },
    sentence: ({ id }) => `The delivered branch ${id} was deleted; running releases are unchanged`,
    tone: 'warn',
    content: ({ app }) => ({ repository: { id: app ?? 'unknown' } }),
    example: { subject: 'branch/main', app: 'shop', data: { was: 'c0ffee'.padEnd(40, '0') } },
  }),
] as const
