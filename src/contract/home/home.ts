import { z } from 'zod'
import { environment } from '#contract/environment/environment.ts'
import { incident } from '#contract/incident/incident.ts'
import { deployment, deploymentStates, run, runStates } from '#contract/run/run.ts'

/** What can need a person, the most urgent first, where production is the last environment. */
export const attentionKinds = [
  'production_down',
  'canary_undecided',
  'run_suspended',
  'approval',
  'fork',
  'production_failed',
  'production_unknown',
  'switch_pulled',
  'would_not_return',
  'drift',
  'run_failed',
  'environment_down',
  'environment_failed',
  'environment_unknown',
  'address',
  'repository',
  'environment_left',
  'switch_expired',
  'action_overdue',
] as const

/** Something that goes on only, or is put right only, when a person acts. */
export const attention = z.object({
  kind: z.enum(attentionKinds),
  app: z.string(),
  environment: z.string().nullable(),
  run: z.number().int().nullable(),
  deployment: z.number().int().nullable(),
  pullRequest: z.number().int().nullable(),
  /** whose review has the action */
  incident: z.number().int().nullable(),
  /** the commit that is decided about, or that caused it */
  sha: z.string().nullable(),
  /** what it is about, without the app */
  title: z.string(),
  /** why it needs a person, in one sentence */
  reason: z.string(),
  since: z.string().nullable(),
  /** why the caller may not approve it; null when they may, and for everything but approvals */
  refusal: z.string().nullable(),
})
export type Attention = z.infer<typeof attention>

/** A crash loop that has not ended. */
export const openCrashLoop = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  service: z.string(),
  /** the deployment that was live when it was detected */
  deployment: z.number().int(),
  /** how an instance ended last */
  reason: z.string(),
  detected: z.string(),
})
export type OpenCrashLoop = z.infer<typeof openCrashLoop>

/** An environment of an app, as one cell of a table. */
export const environmentSummary = z.object({
  name: z.string(),
  health: environment.shape.health,
  /** the main URL of what is live; null when nothing is, or when the target knows none */
  url: z.string().nullable(),
  /** what is live */
  sha: z.string().nullable(),
  subject: z.string().nullable(),
  live: z.string().nullable(),
  /** the newest deployment that has not ended */
  pending: z
    .object({
      id: z.number().int(),
      run: z.number().int().nullable(),
      state: z.enum(deploymentStates),
      sha: z.string(),
      /** what it waits for, when that is a person or a freeze */
      blocked: z.enum(['freeze', 'approval']).nullable(),
      since: z.string(),
    })
    .nullable(),
})
export type EnvironmentSummary = z.infer<typeof environmentSummary>

/** An app, as one row of a table. */
export const appSummary = z.object({
  name: z.string(),
  branch: z.string(),
  /** in order */
  environments: z.array(environmentSummary),
  /** the newest run of the branch */
  run: z
    .object({
      id: z.number().int(),
      state: z.enum(runStates),
      sha: z.string(),
      subject: z.string(),
      created: z.string(),
      started: z.string().nullable(),
      ended: z.string().nullable(),
      /** whether its steps have ended well */
      isBuilt: z.boolean(),
    })
    .nullable(),
  openPullRequests: z.number().int(),
})
export type AppSummary = z.infer<typeof appSummary>

/** The home page: what is wrong, what needs a person, and what runs where. */
export const home = z.object({
  /** incidents that are not closed, newest first */
  incidents: z.array(incident),
  /** those in production first */
  crashLoops: z.array(openCrashLoop),
  /** the most urgent first */
  attention: z.array(attention),
  /** by name */
  apps: z.array(appSummary),
  /** the newest runs of the branches, newest first */
  runs: z.array(run.extend({ deployments: z.array(deployment) })),
})
export type Home = z.infer<typeof home>

/**
 * What was delivered to production in a period: four of DORA's metrics. A median or a share is null
 * when nothing counts for it.
 */
export const deliveryFigures = z.object({
  /** changes that got all traffic of production */
  deployments: z.number().int(),
  /** milliseconds from the push or merge to all traffic of production, the median */
  leadTimeMs: z.number().nullable(),
  /** changes that were rolled back, or that an incident names as its cause; each counts once */
  failed: z.number().int(),
  /** the failed ones as a part of the changes that got traffic, from 0 to 1 */
  failureRate: z.number().nullable(),
  /** milliseconds to the recovery from a failed change, the median of those that have ended */
  recoveryMs: z.number().nullable(),
})
export type DeliveryFigures = z.infer<typeof deliveryFigures>

/** A deployment that the figures count. */
export const countedDeployment = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  run: z.number().int().nullable(),
  sha: z.string(),
  subject: z.string(),
  /** when it got all traffic, or when it was rolled back as a canary */
  at: z.string(),
  /** milliseconds from the push or merge to all traffic; null for a canary that was rolled back */
  leadTimeMs: z.number().nullable(),
  isFailed: z.boolean(),
  isRolledBack: z.boolean(),
  /** incidents that name it as their cause, of the apps that the caller may see */
  incidents: z.array(z.number().int()),
  /** milliseconds until the harm was stopped; null when it did none, or while it goes on */
  recoveryMs: z.number().nullable(),
})
export type CountedDeployment = z.infer<typeof countedDeployment>
