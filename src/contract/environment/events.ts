import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

const pullRequest = z.number().int().optional()
const uriOf = ({ app, id }: { app: string | null; id: string }, url: string) => ({
  name: id,
  uri: `${url}/apps/${app ?? 'unknown'}/environments/${id}`,
})

export const environmentEvents = [
  defineEvent({
    type: 'dev.cdevents.environment.created',
    version: '0.3.0',
    data: { port: z.number().int().nullable(), pullRequest },
    sentence: ({ id, data }) =>
      `Environment ${id} was created` +
      (data.pullRequest === undefined ? '' : ` for pull request ${data.pullRequest}`),
    tone: 'fact',
    content: (event, { url }) => uriOf(event, url),
    example: { subject: 'environment/shop/staging', app: 'shop', data: { port: 4481 } },
  }),
  defineEvent({
    type: 'dev.cdevents.environment.modified',
    version: '0.3.0',
    data: {
      /** what changed in the order, the port, or the keys of `fairlead.yaml` */
      changed: z.array(z.string()),
      run: z.number().int(),
    },
    sentence: ({ id, data }) =>
      `The definition of environment ${id} changed` +
      (data.changed === undefined || data.changed.length === 0
        ? ''
        : `: ${data.changed.join(', ')}`),
    tone: 'fact',
    content: (event, { url }) => uriOf(event, url),
    example: {
      subject: 'environment/shop/staging',
      app: 'shop',
      data: { changed: ['port', 'verify'], run: 7 },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.environment.deleted',
    version: '0.3.0',
    data: { reason: z.string(), pullRequest },
    sentence: ({ id, data }) => `Environment ${id} was removed${because(data.reason)}`,
    tone: 'fact',
    content: ({ id }) => ({ name: id }),
    example: {
      subject: 'environment/shop/pr-12',
      app: 'shop',
      data: { pullRequest: 12, reason: 'the pull request was merged' },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.service.removed',
    version: '0.3.0',
    data: { environment: z.string(), reason: z.string(), pullRequest },
    sentence: ({ data }) =>
      `The services in ${data.environment ?? 'an environment'} were removed${because(data.reason)}`,
    tone: 'fact',
    content: ({ subject }) => ({ environment: { id: subject } }),
    example: {
      subject: 'environment/shop/pr-12',
      app: 'shop',
      data: { environment: 'pr-12', pullRequest: 12, reason: 'the pull request was merged' },
    },
  }),
] as const
