import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because, capitalized } from '#contract/event/words.ts'
import { experimentStates, experimentTriggers } from './experiment.ts'

const common = { environment: z.string(), name: z.string(), service: z.string() }
const run = { subject: 'experiment-run/7', app: 'shop' }
const shop = { environment: 'production', name: 'frozen-web', service: 'web' }
type Named = { name?: string | undefined; environment?: string | undefined }
const nameOf = ({ name, environment }: Named): string =>
  `the experiment ${name ?? ''}${environment === undefined ? '' : ` in ${environment}`}`

const ends: Record<string, string> = {
  ...{ passed: 'passed', failed: 'failed', aborted: 'was aborted', refused: 'was refused' },
}

export const experimentEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.requested',
    version: '0.1.0',
    data: { ...common, trigger: z.enum(experimentTriggers) },
    sentence: ({ actor, data }) => `${actor} requested ${nameOf(data)}`,
    tone: 'fact',
    example: { ...run, actor: 'Ada', data: { ...shop, trigger: 'request' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.started',
    version: '0.1.0',
    data: {
      ...common,
      action: z.string(),
      /** instances that the fault hits */
      instances: z.number().int(),
      of: z.number().int(),
    },
    sentence: ({ data }) =>
      `${capitalized(nameOf(data))} made the fault ${data.action ?? ''} in ` +
      `${data.instances ?? '?'} of ${data.of ?? '?'} instances of ${data.service ?? 'a service'}`,
    tone: 'move',
    example: { ...run, data: { ...shop, action: 'pause', instances: 1, of: 2 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.aborted',
    version: '0.1.0',
    data: common,
    sentence: ({ actor, data }) => `${actor} aborted ${nameOf(data)}`,
    tone: 'stopped',
    example: { ...run, actor: 'Ada', data: shop },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.ended',
    version: '0.1.0',
    data: {
      ...common,
      state: z.enum(experimentStates),
      reason: z.string().nullable(),
      /** milliseconds from the fault to its alert; null when none opened */
      noticedMs: z.number().nullable(),
    },
    sentence: ({ data }) =>
      `${capitalized(nameOf(data))} ${ends[data.state ?? ''] ?? 'ended without a result'}` +
      because(data.reason),
    tone: ({ state }) => (state === 'passed' ? 'good' : state === 'refused' ? 'fact' : 'bad'),
    example: {
      ...run,
      data: { ...shop, state: 'passed', reason: 'homepage opened after 4 s', noticedMs: 4000 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.stopped',
    version: '0.1.0',
    data: { reason: z.string() },
    sentence: ({ actor, data }) => `${actor} stopped all experiments${because(data.reason)}`,
    tone: 'stopped',
    example: { subject: 'server', app: null, actor: 'Ada', data: { reason: 'the sale begins' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-experiment.allowed',
    version: '0.1.0',
    data: {},
    sentence: ({ actor }) => `${actor} allowed experiments again`,
    tone: 'fact',
    example: { subject: 'server', app: null, actor: 'Ada', data: {} },
  }),
] as const
