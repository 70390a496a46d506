import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because, inParentheses } from '#contract/event/words.ts'

/** The name of a workflow's definition. */
const name = z.string()
/** The fencing token of a workflow: it grows with each replica that takes it over. */
const epoch = z.number().int()
const idOf = (subject: string): string => subject.replace(/^workflow\//, '')

export const serverEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-server.started',
    version: '0.1.0',
    data: { version: z.string() },
    sentence: ({ data: { version } }) => `A server started${inParentheses(version)}`,
    tone: 'fact',
    example: { subject: 'server', app: null, data: { version: '0.1.0' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-key.rotated',
    version: '0.1.0',
    data: { key: z.string(), resealed: z.number().int() },
    sentence: ({ actor, data: { resealed } }) =>
      `${actor} replaced the key that encrypts secrets` +
      (resealed === undefined ? '' : ` and encrypted ${resealed} of them again`),
    tone: 'fact',
    example: { subject: 'key', app: null, actor: 'Ada', data: { key: 'ab12cd34', resealed: 5 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-workflow.broken',
    version: '0.1.0',
    data: { name, reason: z.string().nullable() },
    sentence: ({ subject, data: { reason } }) =>
      `The workflow ${idOf(subject)} stopped with an error${because(reason)}`,
    tone: 'bad',
    example: {
      subject: 'workflow/delivery/7',
      app: null,
      data: { name: 'delivery', reason: 'the database is full' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-workflow.takenover',
    version: '0.1.0',
    data: {
      name,
      /** the replica that died, and the one that took over */
      from: z.string(),
      by: z.string(),
      epoch,
    },
    sentence: ({ subject }) =>
      `Another server took over the workflow ${idOf(subject)} after its server died`,
    tone: 'warn',
    example: {
      subject: 'workflow/delivery/7',
      app: null,
      data: { name: 'delivery', from: 'r-1', by: 'r-2', epoch: 2 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-workflow.suspended',
    version: '0.1.0',
    data: {
      name,
      /** the steps that were under way */
      steps: z.array(z.string()),
      crashes: z.number().int(),
    },
    sentence: ({ subject, data: { crashes, steps } }) =>
      `The workflow ${idOf(subject)} was suspended: the server crashed ` +
      `${crashes ?? 'several'} times while it ran ${steps?.join(', ') ?? 'it'}`,
    tone: 'bad',
    example: {
      subject: 'workflow/delivery/7',
      app: 'shop',
      data: { name: 'delivery', steps: ['prepare'], crashes: 3 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-workflow.continued',
    version: '0.1.0',
    data: { name },
    sentence: ({ subject, actor }) => `${actor} continued the suspended workflow ${idOf(subject)}`,
    tone: 'move',
    example: {
      subject: 'workflow/delivery/7',
      app: 'shop',
      actor: 'Ada',
      data: { name: 'delivery' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-workflow.cancelled',
    version: '0.1.0',
    data: { name },
    sentence: ({ subject, actor }) => `${actor} cancelled the suspended workflow ${idOf(subject)}`,
    tone: 'stopped',
    example: {
      subject: 'workflow/rollback/9',
      app: 'shop',
      actor: 'Ada',
      data: { name: 'rollback' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-step.repeated',
    version: '0.1.0',
    data: { name, step: z.string(), attempt: z.number().int(), epoch },
    sentence: ({ subject, data: { attempt } }) =>
      `The workflow step ${idOf(subject)} was interrupted and runs again` +
      inParentheses(attempt === undefined ? undefined : `attempt ${attempt}`),
    tone: 'warn',
    example: {
      subject: 'workflow/delivery/7/prepare',
      app: null,
      data: { name: 'delivery', step: 'prepare', attempt: 2, epoch: 2 },
    },
  }),
] as const
