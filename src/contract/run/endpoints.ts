import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inApp, limit } from '#contract/params.ts'
import { logLine, logPage, run, runDetail, runStates } from './run.ts'

const inRun = z.object({ run: id })
const inStep = z.object({ run: id, step: name })
const logPosition = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  /** the attempt to read; the last one when left out */
  attempt: z.coerce.number().int().positive().optional(),
})

/** Pipeline runs and the logs of their steps. */
export const runEndpoints = {
  listRuns: endpoint({
    method: 'GET',
    path: '/runs',
    role: 'viewer',
    lists: true,
    summary: 'List the pipeline runs, newest first',
    query: z.object({
      app: name.optional(),
      state: z.enum(runStates).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({ runs: z.array(run), next: z.number().int().nullable() }),
  }),
  getRun: endpoint({
    method: 'GET',
    path: '/runs/{run}',
    role: 'viewer',
    summary: 'Show a run with its steps and deployments',
    params: inRun,
    output: runDetail,
  }),
  createRun: endpoint({
    method: 'POST',
    path: '/apps/{app}/runs',
    role: 'developer',
    summary:
      'Deliver a commit of the app’s repository; default: the head of its branch. ' +
      'Returns the existing run when the commit is being delivered or is live',
    params: inApp,
    body: z.object({
      commit: z
        .string()
        .min(4)
        .max(64)
        .regex(/^[0-9a-f]+$/, 'must be a hexadecimal commit id')
        .optional(),
      /** parameters of fairlead.yaml; with any, a new run begins in any case */
      parameters: z.record(z.string().max(200), z.string().max(10_000)).default({}),
    }),
    output: run,
  }),
  cancelRun: endpoint({
    method: 'POST',
    path: '/runs/{run}/cancel',
    role: 'developer',
    summary: 'Cancel a run and kill its processes',
    params: inRun,
    output: run,
  }),
  retryRun: endpoint({
    method: 'POST',
    path: '/runs/{run}/retry',
    role: 'developer',
    summary: 'Deliver the same change again in a new run, and release its holds',
    params: inRun,
    output: run,
  }),
  getLog: endpoint({
    method: 'GET',
    path: '/runs/{run}/steps/{step}/log',
    role: 'viewer',
    summary: 'Read a page of a step’s log',
    params: inStep,
    query: logPosition,
    output: logPage,
  }),
  followLog: endpoint({
    method: 'GET',
    path: '/runs/{run}/steps/{step}/log/stream',
    role: 'viewer',
    events: true,
    summary: 'Follow a step’s log; the event `end` is the last one',
    params: inStep,
    query: logPosition.pick({ after: true, attempt: true }),
    output: logLine,
  }),
}
