import { z } from 'zod'
import { because } from '#contract/event/words.ts'
import { defineEvent } from '#contract/event/define-event.ts'

const example = { subject: 'host/web-1', app: null, actor: 'Ada' } as const

/** The machines that run services. */
export const hostEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.added',
    version: '0.1.0',
    data: {
      destination: z.string(),
      /** of the key of its SSH server */
      fingerprint: z.string(),
      folder: z.string(),
      labels: z.array(z.string()),
    },
    sentence: ({ actor, id, data: { destination } }) =>
      `${actor} added the host ${id}${destination === undefined ? '' : ` at ${destination}`}`,
    tone: 'fact',
    example: {
      ...example,
      data: {
        ...{ destination: 'deploy@10.0.0.5', folder: '/home/deploy/.fairlead-host' },
        ...{ fingerprint: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', labels: ['eu'] },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.upgraded',
    version: '0.1.0',
    data: {
      /** the version of Fairlead, and the beginning of the digest of its files */
      package: z.string(),
    },
    sentence: ({ actor, id, data }) =>
      `${actor} upgraded the host ${id}${data.package === undefined ? '' : ` to ${data.package}`}`,
    tone: 'move',
    example: { ...example, data: { package: '0.1.0-3f0a4c8b21d7' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.labelled',
    version: '0.1.0',
    data: { labels: z.array(z.string()) },
    sentence: ({ actor, id, data: { labels = [] } }) =>
      labels.length === 0
        ? `${actor} removed the labels of the host ${id}`
        : `${actor} labelled the host ${id} ${labels.join(', ')}`,
    tone: 'move',
    example: { ...example, data: { labels: ['web', 'eu'] } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.drained',
    version: '0.1.0',
    data: {
      /** what it leaves; the other hosts of these go on */
      environments: z.array(z.object({ app: z.string(), environment: z.string() })),
      reason: z.string(),
      /** whether it was drained although no other host serves an environment */
      isForced: z.boolean(),
    },
    sentence: ({ actor, id, data: { reason } }) =>
      `${actor} drained the host ${id}${because(reason)}`,
    tone: 'stopped',
    example: {
      ...example,
      data: {
        environments: [{ app: 'shop', environment: 'production' }],
        ...{ reason: 'incident 7', isForced: false },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.undrained',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} lets the host ${id} run services again`,
    tone: 'move',
    example: { ...example, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-host.removed',
    version: '0.1.0',
    data: {
      /** whether it was only forgotten, and may still run services */
      isForgotten: z.boolean(),
    },
    sentence: ({ actor, id, data: { isForgotten } }) =>
      isForgotten
        ? `${actor} made Fairlead forget the host ${id}`
        : `${actor} removed the host ${id}`,
    tone: 'stopped',
    example: { ...example, data: { isForgotten: false } },
  }),
] as const
