import { z } from 'zod'
import { forgeEndpoints } from '#contract/forge/endpoints.ts'
import { permissionEndpoints } from '#contract/deployment/decision-endpoints.ts'
import { pullRequestEndpoints } from '#contract/pull-request/endpoints.ts'
import { webhookEndpoints } from '#contract/webhook/endpoints.ts'
import { accessEndpoints } from '#contract/access/endpoints.ts'
import { app, name, repository } from '#contract/app/app.ts'
import { insidePath } from '#contract/pipeline-file/shapes.ts'
import { endpoint } from './endpoint.ts'
import { configuration, environment, line } from '#contract/environment/environment.ts'
import { storedEvent } from '#contract/event/event.ts'
import {
  deployment,
  deploymentStates,
  logLine,
  logPage,
  run,
  runDetail,
  runStates,
} from '#contract/run/run.ts'
import { reportEndpoints } from '#contract/report/endpoints.ts'
import { verdictView } from '#contract/verdict/verdict.ts'

const id = z.coerce.number().int().positive()
const limit = z.coerce.number().int().min(1).max(500).default(50)
const inApp = z.object({ app: name })
const inEnvironment = z.object({ app: name, environment: name })
const inRun = z.object({ run: id })
const inStep = z.object({ run: id, step: name })
const logPosition = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  /** which attempt; the last one when left out */
  attempt: z.coerce.number().int().positive().optional(),
})
const done = z.object({ done: z.literal(true) })

/** The key that seals secrets. Keys are named by the first digits of their SHA-256. */
const key = z.object({
  key: z.string(),
  /** the file or the variable that it comes from */
  where: z.string(),
  /** keys that still open, and seal nothing */
  older: z.array(z.string()),
  /** whether Fairlead keeps it itself */
  isOwn: z.boolean(),
})

/**
 * The whole HTTP API. Server, OpenAPI, CLI and console all come from this table; paths are below
 * `/api/v1`.
 */
export const endpoints = {
  health: endpoint({
    method: 'GET',
    path: '/health',
    role: 'public',
    summary: 'Is the server up, and can it reach its database and its host',
    output: z.object({
      status: z.enum(['ok', 'degraded']),
      version: z.string(),
      database: z.enum(['ok', 'unreachable']),
      host: z.enum(['ok', 'unreachable']),
      /**
       * megabytes free on the disk of the installation, and the floor below which new work waits
       */
      disk: z.object({ free: z.number(), floor: z.number() }),
      /** the port of the edge that services are reached through */
      edge: z.number().int(),
    }),
  }),
  ...accessEndpoints,

  getKey: endpoint({
    method: 'GET',
    path: '/key',
    role: 'admin',
    summary: 'Which key seals secrets, by its name, and where it is kept',
    output: key,
  }),
  rotateKey: endpoint({
    method: 'POST',
    path: '/key/rotate',
    role: 'admin',
    summary: 'Make a new key, and seal all secrets with it',
    output: key.extend({ resealed: z.number().int(), problems: z.array(z.string()) }),
  }),
  ...webhookEndpoints,
  ...forgeEndpoints,
  ...pullRequestEndpoints,

  listLines: endpoint({
    method: 'GET',
    path: '/lines',
    role: 'viewer',
    lists: true,
    summary: 'Every app’s line: where each change is between check-in and production',
    output: z.object({ lines: z.array(line) }),
  }),
  getLine: endpoint({
    method: 'GET',
    path: '/apps/{app}/line',
    role: 'viewer',
    summary: 'One app’s line',
    params: inApp,
    output: line,
  }),
  listApps: endpoint({
    method: 'GET',
    path: '/apps',
    role: 'viewer',
    lists: true,
    summary: 'List the apps',
    output: z.object({ apps: z.array(app) }),
  }),
  getApp: endpoint({
    method: 'GET',
    path: '/apps/{app}',
    role: 'viewer',
    summary: 'Show an app',
    params: inApp,
    output: app,
  }),
  createApp: endpoint({
    method: 'POST',
    path: '/apps',
    role: 'developer',
    summary: 'Register an app; registering the same again changes nothing',
    body: z.object({
      name,
      repository: repository.default({ kind: 'hosted' }),
      branch: z.string().min(1).max(200).default('main'),
      folder: insidePath.default('.'),
    }),
    output: app,
  }),
  deleteApp: endpoint({
    method: 'DELETE',
    path: '/apps/{app}',
    role: 'admin',
    summary: 'Stop what runs of an app and forget it; its events stay',
    params: inApp,
    output: done,
  }),

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
      'Deliver a commit of the app’s repository (its branch’s head when left out); a commit under way or live is answered with its run',
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
    summary: 'Cancel a run and kill what it started',
    params: inRun,
    output: run,
  }),
  retryRun: endpoint({
    method: 'POST',
    path: '/runs/{run}/retry',
    role: 'developer',
    summary: 'Deliver the same change again, in a new run; also lifts a hold',
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
    summary: 'Follow a step’s log; an event `end` closes it',
    params: inStep,
    query: logPosition.pick({ after: true, attempt: true }),
    output: logLine,
  }),

  ...reportEndpoints,

  getEnvironment: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}',
    role: 'viewer',
    summary: 'What runs in an environment, since when and from which change',
    params: inEnvironment,
    output: environment,
  }),
  getServiceLog: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/log',
    role: 'viewer',
    summary: 'The last lines that the services of an environment wrote',
    params: inEnvironment,
    query: z.object({
      service: name.optional(),
      lines: z.coerce.number().int().min(1).max(2000).default(200),
      deployment: id.optional(),
    }),
    output: z.object({
      lines: z.array(z.object({ service: z.string(), index: z.number().int(), text: z.string() })),
    }),
  }),
  rollback: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/rollback',
    role: 'operator',
    summary: 'Return an environment to its last good release, or to that of an earlier deployment',
    params: inEnvironment,
    body: z.object({
      to: z.number().int().positive().optional(),
      reason: z.string().max(500).optional(),
    }),
    output: deployment,
  }),
  listDeployments: endpoint({
    method: 'GET',
    path: '/deployments',
    role: 'viewer',
    lists: true,
    summary: 'The history of deployments, newest first',
    query: z.object({
      app: name.optional(),
      environment: name.optional(),
      state: z.enum(deploymentStates).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({ deployments: z.array(deployment), next: z.number().int().nullable() }),
  }),
  getDeployment: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}',
    role: 'viewer',
    summary: 'Show a deployment',
    params: z.object({ deployment: id }),
    output: deployment,
  }),
  getVerdict: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}/verdict',
    role: 'viewer',
    summary: 'What is known of a canary: its share, its judgement, and how it came about',
    params: z.object({ deployment: id }),
    output: verdictView,
  }),
  promoteCanary: endpoint({
    method: 'POST',
    path: '/deployments/{deployment}/promote',
    role: 'operator',
    summary: 'Give a canary all of the traffic without waiting for its verdict',
    params: z.object({ deployment: id }),
    output: done,
  }),
  ...permissionEndpoints,
  getConfiguration: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration',
    role: 'viewer',
    summary: 'The configuration now in force, without secret values',
    params: inEnvironment,
    output: configuration,
  }),
  listConfigurations: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configurations',
    role: 'viewer',
    summary: 'The history of an environment’s configuration',
    params: inEnvironment,
    query: z.object({ limit }),
    output: z.object({ configurations: z.array(configuration) }),
  }),
  changeConfiguration: endpoint({
    method: 'PATCH',
    path: '/apps/{app}/environments/{environment}/configuration',
    role: 'operator',
    summary:
      'Set or unset (null) variables and secrets; makes a new version and, where something runs, a deployment of it',
    params: inEnvironment,
    body: z.object({
      variables: z.record(z.string(), z.string().max(32_768).nullable()).default({}),
      secrets: z.record(z.string(), z.string().max(32_768).nullable()).default({}),
      /**
       * secrets whose values are kept elsewhere, and read when they are needed:
       * `vault:secret/data/shop#password`
       */
      references: z.record(z.string(), z.string().max(1000)).default({}),
    }),
    output: z.object({ configuration, deployment: deployment.nullable() }),
  }),

  listEvents: endpoint({
    method: 'GET',
    path: '/events',
    role: 'viewer',
    lists: true,
    summary: 'Read the event log',
    query: z.object({
      after: z.coerce.number().int().min(0).optional(),
      before: z.coerce.number().int().positive().optional(),
      app: name.optional(),
      chain: z.string().max(100).optional(),
      type: z.string().max(100).optional(),
      /** a user’s name, in any case */
      actor: z.string().max(100).optional(),
      limit,
    }),
    output: z.object({ events: z.array(storedEvent) }),
  }),
  followEvents: endpoint({
    method: 'GET',
    path: '/events/stream',
    role: 'viewer',
    lists: true,
    events: true,
    summary: 'Follow the event log from `after` (now, when left out); `Last-Event-ID` resumes it',
    query: z.object({ after: z.coerce.number().int().min(0).optional(), app: name.optional() }),
    output: storedEvent,
  }),
} as const

export type Endpoints = typeof endpoints
export type EndpointName = keyof Endpoints
