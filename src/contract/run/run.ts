import { z } from 'zod'
import { change } from '#contract/app/app.ts'
import { experimentStates } from '#contract/experiment/experiment.ts'
import { gate, gateStates } from '#contract/gate/gate.ts'

/** What started a run. */
export const triggers = ['push', 'schedule', 'manual', 'pull_request'] as const

/**
 * queued → running → one of the final states. A `superseded` run names the newer change in
 * `reason`; the change of a `skipped` run has no file of its app. A `suspended` run does not go on
 * until someone continues or cancels it, because the server crashed while it ran it.
 */
export const runStates = [
  'queued',
  'running',
  'suspended',
  'succeeded',
  'failed',
  'cancelled',
  'superseded',
  'skipped',
] as const
export const stepStates = [
  'waiting',
  'running',
  'passed',
  'failed',
  'cancelled',
  'skipped',
] as const
export const deploymentStates = [
  'waiting', // for the environment's lock
  'starting', // its instances start
  'verifying',
  'canary', // has a share of the traffic and is being judged
  'switching',
  'live', // has all traffic
  'replaced', // a later deployment has the traffic
  'failed', // never had all traffic; see `reason`
  'rolled_back', // had traffic and lost it to its predecessor
  'superseded',
  'cancelled',
] as const

/** One command of a run. Times are ISO 8601 in UTC; `lines` is the number of log lines. */
export const step = z.object({
  name: z.string(),
  command: z.string(),
  needs: z.array(z.string()),
  state: z.enum(stepStates),
  attempt: z.number().int(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  reason: z.string().nullable(),
  lines: z.number().int(),
  /** the run whose result was reused because all inputs are the same; null when the step ran */
  reused: z.number().int().nullable(),
  /**
   * whether the cache matched exactly, approximately or not at all; null for a step without cache
   */
  cache: z.enum(['hit', 'near', 'miss']).nullable(),
  /** description of the isolation of the last attempt */
  isolation: z.string().nullable(),
})
export type Step = z.infer<typeof step>

export const deployment = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  kind: z.enum(['delivery', 'configuration', 'rollback']),
  state: z.enum(deploymentStates),
  reason: z.string().nullable(),
  run: z.number().int().nullable(),
  release: z.number().int(),
  artifact: z.string(),
  configuration: z.number().int(),
  change,
  /** who requested it: an author, a user, or `fairlead` for an automatic deployment */
  actor: z.string(),
  created: z.string(),
  started: z.string().nullable(),
  /** when it received all traffic */
  live: z.string().nullable(),
  ended: z.string().nullable(),
  url: z.string().nullable(),
})
export type Deployment = z.infer<typeof deployment>

export const run = z.object({
  id: z.number().int(),
  app: z.string(),
  state: z.enum(runStates),
  reason: z.string().nullable(),
  change,
  created: z.string(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  artifact: z.string().nullable(),
  retryOf: z.number().int().nullable(),
  trigger: z.enum(triggers),
  /**
   * number of the pull request whose head it tests; such a run reaches no environment of the line
   */
  pullRequest: z.number().int().nullable(),
  /** whether its steps may use secrets */
  isTrusted: z.boolean(),
})
export type Run = z.infer<typeof run>

/** An experiment that decides whether a change goes to the next environment. */
const tried = z.object({
  name: z.string(),
  /** its run of the release; null until it is requested */
  run: z
    .object({
      id: z.number().int(),
      state: z.enum(experimentStates),
      reason: z.string().nullable(),
    })
    .nullable(),
})
export type TriedExperiment = z.infer<typeof tried>

/** A gate of fairlead.yaml; `waiting` until it is evaluated, with no reasons. */
const runGate = gate.extend({ state: z.enum([...gateStates, 'waiting']) })

export const runDetail = run.extend({
  /** what is not as fairlead.yaml says, such as a pattern without a file; a sentence each */
  warnings: z.array(z.string()),
  steps: z.array(step),
  /** in the order of the file; evaluated after the steps, before the first environment */
  gates: z.array(runGate),
  /** the environments in order, with the deployment of this run where one exists */
  deployments: z.array(
    z.object({
      environment: z.string(),
      deployment: deployment.nullable(),
      /** absent when the environment names none */
      experiments: z.array(tried).optional(),
    }),
  ),
})
export type RunDetail = z.infer<typeof runDetail>

/**
 * One line of a log. `n` counts from 1 in each attempt; a missing number is a lost line. `time` is
 * in milliseconds since the epoch. `text` contains ANSI codes; invalid UTF-8 is replaced with
 * U+FFFD. A line is `open` while its end has not been written: its text can grow.
 */
export const logLine = z.object({
  attempt: z.number().int(),
  n: z.number().int(),
  time: z.number(),
  stream: z.enum(['out', 'err', 'fairlead']),
  text: z.string(),
  open: z.literal(true).optional(),
})
export type LogLine = z.infer<typeof logLine>

export const logPage = z.object({
  lines: z.array(logLine),
  /**
   * the value of `after` for the next page: the number of the last line that is not open, or
   * `after` itself
   */
  next: z.number().int(),
  /** number of lines that the attempt has now */
  total: z.number().int(),
  attempt: z.number().int(),
  /** whether no more lines can follow */
  complete: z.boolean(),
})
export type LogPage = z.infer<typeof logPage>
