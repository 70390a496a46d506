import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { counted } from '#contract/text.ts'
import { machineModes, machineRunStates } from './machine.ts'

const common = {
  environment: z.string(),
  mode: z.enum(machineModes),
  release: z.number().int(),
}
const place = (environment: string | undefined): string =>
  environment === undefined ? '' : ` of ${environment}`
const verbs = { plan: 'a plan for', apply: 'an application to', check: 'a check of' } as const
const failing = {
  ...{ plan: 'The plan for', apply: 'The playbook on', check: 'The check of' },
} as const
const made = {
  ...{ plan: 'planned on', apply: 'made on', check: 'needed on' },
} as const

export const machineEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-machines.started',
    version: '0.1.0',
    data: { ...common, playbook: z.string() },
    sentence: ({ data }) =>
      data.mode === 'apply'
        ? `${data.playbook ?? 'A playbook'} is applied to the machines${place(data.environment)}`
        : `A ${data.mode ?? 'plan'} of the machines${place(data.environment)} was begun`,
    tone: 'fact',
    example: {
      ...{ subject: 'machine-run/12', app: 'shop', actor: 'Ada' },
      data: { environment: 'production', mode: 'apply', release: 21, playbook: 'site.yml' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-machines.stopping',
    version: '0.1.0',
    data: common,
    sentence: ({ actor, data }) =>
      `${actor} stopped ${verbs[data.mode ?? 'apply']} the machines${place(data.environment)}`,
    tone: 'fact',
    example: {
      ...{ subject: 'machine-run/12', app: 'shop', actor: 'Ada' },
      data: { environment: 'production', mode: 'apply', release: 21 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-machines.finished',
    version: '0.1.0',
    data: {
      ...common,
      state: z.enum(machineRunStates),
      reason: z.string().nullable(),
      /** machines that are done, and machines that failed or did not answer */
      done: z.array(z.string()),
      bad: z.array(z.string()),
      /** tasks that changed something, or would */
      changes: z.number().int(),
    },
    sentence: ({
      data: { mode, environment, state, done = [], bad = [], changes = 0, reason },
    }) => {
      const machines = `${counted(done.length + bad.length, 'machine')}${place(environment)}`
      if (state !== 'passed')
        return `${failing[mode ?? 'apply']} ${machines} failed${because(reason)}`
      return `${counted(changes, 'change')} ${made[mode ?? 'apply']} ${machines}`
    },
    tone: ({ state, mode }) =>
      state === 'passed'
        ? mode === 'apply'
          ? 'good'
          : 'fact'
        : state === 'stopped'
          ? 'fact'
          : 'bad',
    example: {
      ...{ subject: 'machine-run/12', app: 'shop' },
      data: {
        ...{ environment: 'production', mode: 'apply', release: 21, state: 'failed' },
        ...{ reason: 'web-2 failed at "Install nginx"', done: ['web-1'], bad: ['web-2'] },
        changes: 3,
      },
    },
  }),
] as const
