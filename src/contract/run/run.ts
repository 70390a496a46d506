import { z } from 'zod'
import { change } from '#contract/app/app.ts'

/** Why a run began. */
export const triggers = ['push', 'schedule', 'manual', 'pull_request'] as const

/**
 * queued → running → one of the ends. Ends are final; `superseded` names the newer change in
 * `reason`; `skipped` touched nothing of its app.
 */
export const runStates = [
  'queued',
  'running',
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
  'starting', // new instances start
  'verifying',
  'canary', // has a share of the traffic, and is judged
  'switching',
  'live', // has the traffic
  'replaced', // a later deployment has it
  'failed', // never had it; `reason` says why
  'rolled_back', // had it and lost it to its predecessor
  'superseded',
  'cancelled',
] as const

/** One command of a run. Times are ISO 8601 UTC; `lines` is how many log lines there are. */
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
  /**
   * the run whose result stands for it, because all that it depends on is the same; null when it
   * ran
   */
  reused: z.number().int().nullable(),
  /**
   * whether what it keeps from one run to the next fitted, nearly fitted, or was not there; null
   * when it keeps nothing
   */
  cache: z.enum(['hit', 'near', 'miss']).nullable(),
  /** what kept its last attempt from what is not its own, in words */
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
  /** who asked: an author's name, a user, or `fairlead` when it was automatic */
  actor: z.string(),
  created: z.string(),
  started: z.string().nullable(),
  /** when it got the traffic */
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
   * the number of the pull request of which it is the head; such a run goes into no environment of
   * the line
   */
  pullRequest: z.number().int().nullable(),
  /** its steps may have secrets */
  isTrusted: z.boolean(),
})
export type Run = z.infer<typeof run>

export const runDetail = run.extend({
  steps: z.array(step),
  /** the environments in order, with this run's deployment to each where there is one yet */
  deployments: z.array(z.object({ environment: z.string(), deployment: deployment.nullable() })),
})
export type RunDetail = z.infer<typeof runDetail>

/**
 * One line of a log. `n` counts from 1 without a hole within one attempt; a missing number is shown
 * as a gap. `time` is milliseconds since the epoch. Text keeps its ANSI codes; bytes that are not
 * UTF-8 arrive as U+FFFD.
 */
export const logLine = z.object({
  attempt: z.number().int(),
  n: z.number().int(),
  time: z.number(),
  stream: z.enum(['out', 'err', 'fairlead']),
  text: z.string(),
})
export type LogLine = z.infer<typeof logLine>

export const logPage = z.object({
  lines: z.array(logLine),
  /**
   * pass as `after` to go on; the last line's number, or what was asked when there is nothing new
   */
  next: z.number().int(),
  /** lines there are now in this attempt */
  total: z.number().int(),
  attempt: z.number().int(),
  /** true when no further line can come */
  complete: z.boolean(),
})
export type LogPage = z.infer<typeof logPage>
