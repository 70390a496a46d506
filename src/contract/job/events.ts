import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { jobRunStates, jobTriggers } from './job.ts'

const ends = {
  ...{ waiting: 'waits', running: 'runs', passed: 'passed', failed: 'failed' },
  ...{ timed_out: 'ran too long', stopped: 'was stopped', skipped: 'was skipped' },
  lost: 'ended without a result',
} as const

const common = { environment: z.string(), job: z.string().nullable() }
const place = (environment: string | undefined): string =>
  environment === undefined ? '' : ` in ${environment}`
const nameOf = (job: string | null | undefined): string =>
  job === null || job === undefined ? 'a command' : `the job ${job}`

export const jobEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-job.requested',
    version: '0.2.0',
    data: { ...common, command: z.string(), terminal: z.boolean().optional() },
    sentence: ({ actor, data }) =>
      `${actor} requested ${data.terminal === true ? 'a terminal' : nameOf(data.job)}` +
      place(data.environment) +
      because(data.command),
    tone: 'fact',
    example: {
      ...{ subject: 'job-run/12', app: 'shop', actor: 'Ada' },
      data: { environment: 'production', job: 'reindex', command: 'node reindex.js' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-job.started',
    version: '0.1.0',
    data: { ...common, release: z.number().int(), trigger: z.enum(jobTriggers) },
    sentence: ({ data }) => `${nameOf(data.job)} started${place(data.environment)}`,
    tone: 'fact',
    example: {
      ...{ subject: 'job-run/12', app: 'shop' },
      data: { environment: 'production', job: 'reindex', release: 21, trigger: 'schedule' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-job.stopping',
    version: '0.1.0',
    data: common,
    sentence: ({ actor, data }) => `${actor} stopped ${nameOf(data.job)}${place(data.environment)}`,
    tone: 'fact',
    example: {
      ...{ subject: 'job-run/12', app: 'shop', actor: 'Ada' },
      data: { environment: 'production', job: 'reindex' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-job.ended',
    version: '0.1.0',
    data: {
      ...common,
      release: z.number().int().nullable(),
      state: z.enum(jobRunStates),
      exit: z.number().int().nullable(),
      reason: z.string().nullable(),
    },
    sentence: ({ data }) =>
      `${nameOf(data.job)}${place(data.environment)} ${ends[data.state ?? 'lost']}` +
      because(data.reason),
    tone: ({ state }) =>
      state === 'passed' ? 'good' : state === 'skipped' || state === 'stopped' ? 'fact' : 'bad',
    example: {
      ...{ subject: 'job-run/12', app: 'shop' },
      data: {
        ...{ environment: 'production', job: 'reindex', release: 21, state: 'failed' },
        ...{ exit: 3, reason: 'it exited with 3' },
      },
    },
  }),
] as const
