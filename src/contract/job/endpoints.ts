import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inApp, inEnvironment, limit } from '#contract/params.ts'
import { command } from '#contract/pipeline-file/shapes.ts'
import { commandPage } from './host.ts'
import { job, jobRun, terminal } from './job.ts'

const inRun = inApp.extend({ jobRun: id })

/** The longest time for which a command of a person runs, in milliseconds. */
const longestCommand = 86_400_000

/** Jobs of fairlead.yaml, commands in the environment of the live release, and their runs. */
export const jobEndpoints = {
  listJobs: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/jobs',
    role: 'viewer',
    summary: 'List the jobs of the live release, with the last run and the next time of each',
    params: inEnvironment,
    output: z.object({ jobs: z.array(job) }),
  }),
  runJob: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/jobs/{job}/runs',
    role: 'operator',
    summary: 'Run a job of the live release now',
    params: inEnvironment.extend({ job: name }),
    output: jobRun,
  }),
  runCommand: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/commands',
    role: 'operator',
    summary: 'Run a command once in the files and with the configuration of the live release',
    params: inEnvironment,
    body: z.object({
      /** for `sh -c` */
      command,
      service: name.optional(),
      /** one of the several hosts of the environment; default: the first one that is not drained */
      host: name.optional(),
      /** milliseconds; the command is stopped after that */
      timeout: z.number().int().min(1000).max(longestCommand).default(3_600_000),
      /** makes a terminal, to which `…/job-runs/{jobRun}/terminal` connects: see docs/jobs.md */
      terminal: terminal.optional(),
    }),
    output: jobRun,
  }),
  listJobRuns: endpoint({
    method: 'GET',
    path: '/apps/{app}/job-runs',
    role: 'viewer',
    summary: 'List the runs of jobs and commands of an app, newest first',
    params: inApp,
    query: z.object({
      environment: name.optional(),
      job: name.optional(),
      /** only runs with a lower number */
      before: id.optional(),
      limit,
    }),
    output: z.object({ jobRuns: z.array(jobRun) }),
  }),
  getJobRun: endpoint({
    method: 'GET',
    path: '/apps/{app}/job-runs/{jobRun}',
    role: 'viewer',
    summary: 'Show a run of a job or a command',
    params: inRun,
    output: jobRun,
  }),
  getJobOutput: endpoint({
    method: 'GET',
    path: '/apps/{app}/job-runs/{jobRun}/output',
    role: 'viewer',
    summary: 'Read what a run wrote, with secrets masked',
    params: inRun,
    query: z.object({
      /** the position `next` of the answer before */
      after: z.coerce.number().int().min(0).default(0),
      /** milliseconds to wait for more */
      wait: z.coerce.number().int().min(0).max(20_000).default(0),
    }),
    output: commandPage.extend({ jobRun }),
  }),
  stopJobRun: endpoint({
    method: 'POST',
    path: '/apps/{app}/job-runs/{jobRun}/stop',
    role: 'operator',
    summary: 'Stop a run: its processes get SIGTERM, and SIGKILL ten seconds later',
    params: inRun,
    output: jobRun,
  }),
}
