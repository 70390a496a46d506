import { z } from 'zod'
import { defineEvent, type EventTone } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { triggers } from './run.ts'

const sha = 'c0ffee'.padEnd(40, '0')
const digest = `sha256:${'ab'.repeat(32)}`
const pullRequest = z.number().int().optional()

const ends = {
  succeeded: ['good', 'succeeded: the change is live in every environment', 'success'],
  failed: ['bad', 'failed', 'failure'],
  cancelled: ['stopped', 'was cancelled', 'cancel'],
  superseded: ['passed-over', 'was superseded', 'cancel'],
  skipped: ['passed-over', 'was skipped: the change touches no file of the app', 'cancel'],
} as const satisfies Record<string, [EventTone, string, string]>
const endStates = ['succeeded', 'failed', 'cancelled', 'superseded', 'skipped'] as const

const pipelineOf = ({ app, id }: { app: string | null; id: string }, url: string) => ({
  pipelineName: app ?? 'unknown',
  uri: `${url}/runs/${id}`,
})
const taskOf = ({ subject, id }: { subject: string; id: string }, url: string) => {
  const run = subject.split('/')[1] ?? 'unknown'
  return {
    taskName: id,
    uri: `${url}/runs/${run}?step=${encodeURIComponent(id)}`,
    pipelineRun: { id: `run/${run}` },
  }
}

export const runEvents = [
  defineEvent({
    type: 'dev.cdevents.pipelinerun.queued',
    version: '0.3.0',
    data: {
      sha: z.string(),
      /** the run that this one repeats */
      retryOf: z.number().int().nullable(),
      trigger: z.enum(triggers),
      pullRequest,
    },
    sentence: ({ id, data: { retryOf } }) =>
      `Run ${id} was queued` +
      (retryOf === undefined || retryOf === null ? '' : ` as a retry of run ${retryOf}`),
    tone: 'wait',
    content: (event, { url }) => pipelineOf(event, url),
    example: {
      subject: 'run/7',
      app: 'shop',
      actor: 'Ada',
      data: { sha, retryOf: null, trigger: 'push' },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.pipelinerun.started',
    version: '0.3.0',
    data: { sha: z.string(), warnings: z.array(z.string()) },
    sentence: ({ id }) => `Run ${id} started`,
    tone: 'move',
    content: (event, { url }) => pipelineOf(event, url),
    example: { subject: 'run/7', app: 'shop', data: { sha, warnings: [] } },
  }),
  defineEvent({
    type: 'dev.cdevents.pipelinerun.finished',
    version: '0.3.0',
    data: {
      /** absent when the workflow ended without closing the run */
      sha: z.string().optional(),
      outcome: z.enum(['success', 'failure']),
      state: z.enum(endStates),
      reason: z.string().nullable(),
      pullRequest,
    },
    sentence: ({ id, data }) => {
      if (data.state === undefined) return `Run ${id} ended${because(data.reason)}`
      if (data.state === 'succeeded' && data.pullRequest !== undefined)
        return `Run ${id} passed for pull request ${data.pullRequest}`
      return data.state === 'skipped' && data.reason
        ? `Run ${id} was skipped${because(data.reason)}`
        : `Run ${id} ${ends[data.state][1]}${because(data.reason)}`
    },
    tone: ({ state }) => (state === undefined ? 'fact' : ends[state][0]),
    content: (event, { url }) => ({
      ...pipelineOf(event, url),
      ...(event.data.state === undefined ? {} : { outcome: ends[event.data.state][2] }),
      ...(event.data.state === 'failed' && event.data.reason ? { errors: event.data.reason } : {}),
    }),
    example: {
      subject: 'run/7',
      app: 'shop',
      data: { sha, outcome: 'failure', state: 'failed', reason: 'step test failed' },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.taskrun.started',
    version: '0.3.0',
    data: { name: z.string() },
    sentence: ({ id }) => `Step ${id} started`,
    tone: 'move',
    content: (event, { url }) => taskOf(event, url),
    example: { subject: 'run/7/step/test', app: 'shop', data: { name: 'test' } },
  }),
  defineEvent({
    type: 'dev.cdevents.taskrun.finished',
    version: '0.3.0',
    data: {
      name: z.string(),
      attempt: z.number().int(),
      outcome: z.enum(['success', 'failure']),
      reason: z.string().nullable().optional(),
      /** the run whose result was reused */
      reused: z.number().int().optional(),
    },
    sentence: ({ id, data }) => {
      if (data.reused !== undefined) return `Step ${id} reused the result of run ${data.reused}`
      const verb =
        data.outcome === 'success' ? 'passed' : data.outcome === 'failure' ? 'failed' : 'ended'
      const attempt = (data.attempt ?? 1) > 1 ? ` on attempt ${data.attempt}` : ''
      return `Step ${id} ${verb}${attempt}${because(data.reason)}`
    },
    tone: ({ outcome }) =>
      outcome === 'success' ? 'good' : outcome === 'failure' ? 'bad' : 'unknown',
    content: (event, { url }) => ({
      ...taskOf(event, url),
      ...(event.data.outcome === undefined ? {} : { outcome: event.data.outcome }),
      ...(event.data.reason ? { errors: event.data.reason } : {}),
    }),
    example: {
      subject: 'run/7/step/test',
      app: 'shop',
      data: { name: 'test', attempt: 2, outcome: 'failure', reason: 'exited with 1' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-pipelinerun.cancelrequested',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} cancelled run ${id}`,
    tone: 'stopped',
    example: { subject: 'run/7', app: 'shop', actor: 'Ada', data: {} },
  }),
  defineEvent({
    type: 'dev.cdevents.artifact.packaged',
    version: '0.3.0',
    data: {
      run: z.number().int(),
      sha: z.string(),
      /** in bytes */
      size: z.number(),
    },
    sentence: ({ id, data: { size } }) =>
      `The artifact ${shortDigest(id)} was built` +
      (size === undefined ? '' : ` (${formatSize(size)})`),
    tone: 'good',
    content: ({ data }) => ({ change: { id: data.sha ?? 'unknown' } }),
    example: {
      subject: `artifact/${digest}`,
      app: 'shop',
      data: { run: 7, sha, size: 1_400_000 },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.artifact.deleted',
    version: '0.2.0',
    data: { run: z.number().int() },
    sentence: ({ id, data: { run } }) =>
      `The content of artifact ${shortDigest(id)} was cleaned up` +
      (run === undefined ? '' : ` (run ${run})`),
    tone: 'fact',
    content: ({ actor }) => ({ user: actor }),
    example: { subject: `artifact/${digest}`, app: 'shop', data: { run: 7 } },
  }),
] as const

const shortDigest = (digest: string): string => digest.slice(0, 19)

const formatSize = (bytes: number): string =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`
