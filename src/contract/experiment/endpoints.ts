import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id, inApp, inEnvironment, limit } from '#contract/params.ts'
import { experimentDraw } from './draw.ts'
import {
  detectionCoverage,
  experiment,
  experimentPreview,
  experimentRun,
  experimentStop,
  reasonText,
} from './experiment.ts'

const inExperiment = inEnvironment.extend({ experiment: name })
const inRun = inApp.extend({ experimentRun: id })

/** Experiments of fairlead.yaml, their runs, and the stop of all of them. */
export const experimentEndpoints = {
  listExperiments: endpoint({
    method: 'GET',
    path: '/apps/{app}/experiments',
    role: 'viewer',
    summary: 'List the experiments of the live releases of an app, with the last run of each',
    params: inApp,
    output: z.object({
      experiments: z.array(experiment),
      coverage: detectionCoverage,
      /** who stopped all experiments; null while they are allowed */
      stop: experimentStop.nullable(),
    }),
  }),
  previewExperiment: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/experiments/{experiment}/preview',
    role: 'viewer',
    summary: 'Show what an experiment would hit now, and why it would not run; changes nothing',
    params: inExperiment,
    output: experimentPreview,
  }),
  runExperiment: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/experiments/{experiment}/runs',
    role: 'operator',
    summary: 'Run an experiment of the live release now',
    params: inExperiment,
    output: experimentRun,
  }),
  listExperimentRuns: endpoint({
    method: 'GET',
    path: '/apps/{app}/experiment-runs',
    role: 'viewer',
    summary: 'List the runs of the experiments of an app, newest first',
    params: inApp,
    query: z.object({
      environment: name.optional(),
      experiment: name.optional(),
      /** only runs with a lower number */
      before: id.optional(),
      limit,
    }),
    output: z.object({ experimentRuns: z.array(experimentRun) }),
  }),
  listExperimentDraws: endpoint({
    method: 'GET',
    path: '/apps/{app}/experiment-draws',
    role: 'viewer',
    summary:
      'List the days for which it is or will be drawn whether experiments with `every` run, ' +
      'newest first',
    params: inApp,
    query: z.object({ environment: name.optional(), experiment: name.optional(), limit }),
    output: z.object({ experimentDraws: z.array(experimentDraw) }),
  }),
  getExperimentRun: endpoint({
    method: 'GET',
    path: '/apps/{app}/experiment-runs/{experimentRun}',
    role: 'viewer',
    summary: 'Show a run of an experiment',
    params: inRun,
    output: experimentRun,
  }),
  abortExperimentRun: endpoint({
    method: 'POST',
    path: '/apps/{app}/experiment-runs/{experimentRun}/abort',
    role: 'developer',
    summary: 'Abort a run: its fault is undone now',
    params: inRun,
    output: experimentRun,
  }),
  stopExperiments: endpoint({
    method: 'PUT',
    path: '/experiment-stop',
    role: 'operator',
    summary: 'Undo the faults of all experiments now, and run none until that is allowed again',
    body: z.object({ reason: reasonText }),
    output: z.object({
      stop: experimentStop,
      /** whether every host has begun to undo its faults */
      isServed: z.boolean(),
    }),
  }),
  allowExperiments: endpoint({
    method: 'DELETE',
    path: '/experiment-stop',
    role: 'operator',
    summary: 'Allow experiments again after all were stopped',
    output: done,
  }),
}
