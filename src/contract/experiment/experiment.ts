import { z } from 'zod'
import { text } from '#contract/pipeline-file/shapes.ts'
import { radius } from './fault.ts'

/** What starts an experiment: a person, or a delivery to its environment. */
export const experimentTriggers = ['request', 'delivery', 'schedule'] as const

/**
 * `checking`: before the fault. `running`: the fault exists. `undoing`: it is being undone.
 * `recovering`: the steady state must return. The other states are ends. `unknown`: what was found
 * is not enough to say passed or failed, or it is not known whether the fault is undone.
 */
export const experimentStates = [
  ...(['checking', 'running', 'undoing', 'recovering'] as const),
  ...(['passed', 'failed', 'aborted', 'refused', 'unknown'] as const),
] as const
export type ExperimentState = (typeof experimentStates)[number]

export const hasEndedExperiment = (state: ExperimentState): boolean =>
  !['checking', 'running', 'undoing', 'recovering'].includes(state)

/** An experiment as `fairlead.yaml` of the release says it. Times are in seconds. */
export const experimentPlan = z.object({
  action: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  service: z.string(),
  for: z.number(),
  instances: z.number().int(),
  share: z.number(),
  expect: z.object({ alert: z.string(), within: z.number() }).nullable(),
  /** monitors that may fail besides the expected one */
  allow: z.array(z.string()),
  recovery: z.number(),
  pause: z.number(),
  /** working days from one run of the schedule to the next, on average; null without a schedule */
  every: z.number().int().nullable().default(null),
})
export type ExperimentPlan = z.infer<typeof experimentPlan>

/** The alert that noticed the fault. */
export const detection = z.object({
  alert: z.number().int(),
  title: z.string(),
  /** milliseconds from the fault to the alert */
  afterMs: z.number(),
  /** the people and channels that got a message */
  notified: z.array(z.string()),
})
export type Detection = z.infer<typeof detection>

/** One run of an experiment. */
export const experimentRun = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  name: z.string(),
  plan: experimentPlan,
  release: z.number().int(),
  trigger: z.enum(experimentTriggers),
  actor: z.string(),
  state: z.enum(experimentStates),
  /** why it is in this state, in one sentence without a full stop */
  reason: z.string().nullable(),
  /** why it did not run; empty unless it was refused */
  refusals: z.array(z.string()),
  radius: radius.nullable(),
  /** null while nothing has noticed the fault */
  detection: detection.nullable(),
  /** who asked to end it early; null for nobody */
  abortedBy: z.string().nullable(),
  created: z.string(),
  /** when the fault existed, and when it was read that it is undone */
  made: z.string().nullable(),
  undone: z.string().nullable(),
  ended: z.string().nullable(),
})
export type ExperimentRun = z.infer<typeof experimentRun>

/** An experiment of a live release, in one environment. */
export const experiment = z.object({
  app: z.string(),
  environment: z.string(),
  name: z.string(),
  plan: experimentPlan,
  /** the last run; null when it never ran */
  last: experimentRun.nullable(),
})
export type Experiment = z.infer<typeof experiment>

/** What an experiment would do now. */
export const experimentPreview = z.object({
  plan: experimentPlan,
  /** what it would hit; null when the host finds it impossible, or does not answer */
  radius: radius.nullable(),
  /** why it would not run now, one sentence each without a full stop */
  refusals: z.array(z.string()),
})

/** While it exists, no experiment runs. */
export const experimentStop = z.object({
  reason: z.string(),
  actor: z.string(),
  since: z.string(),
})

/** How many faults were noticed, of those that ran to their end in the last 90 days. */
export const detectionCoverage = z.object({
  /** faults that should have raised an alert */
  expected: z.number().int(),
  /** those whose alert opened in time */
  noticed: z.number().int(),
  /** the median from the fault to its alert; null without one */
  medianMs: z.number().nullable(),
})

export const reasonText = text.trim().min(1).max(500)
