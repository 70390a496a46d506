import { z } from 'zod'
import { app, change } from '#contract/app/app.ts'
import { targetDescription } from '#contract/deployment/target.ts'
import { monitorStates } from '#contract/monitor/monitor.ts'
import { deployment, run } from '#contract/run/run.ts'

/** One instance of a service, as its target reported it; `unknown` when it does not answer. */
export const instance = z.object({
  service: z.string(),
  index: z.number().int(),
  /** the host that runs it, when the environment has several */
  host: z.string().optional(),
  state: z.enum(['starting', 'healthy', 'unhealthy', 'stopping', 'backoff', 'stopped', 'unknown']),
  pid: z.number().int().nullable(),
  port: z.number().int().nullable(),
  started: z.string().nullable(),
  restarts: z.number().int(),
  /** whether it crashes again and again, and has not stayed healthy since */
  isLooping: z.boolean(),
  release: z.number().int(),
})
export type Instance = z.infer<typeof instance>

const outputLine = z.object({
  service: z.string(),
  index: z.number().int(),
  /** when the environment has several hosts */
  host: z.string().optional(),
  text: z.string(),
})

/** What the services of a release wrote last, with secrets masked. */
export const serviceOutput = z.object({
  /** null when nothing is live */
  deployment: z.number().int().nullable(),
  lines: z.array(outputLine),
  /** the first error of each instance that reports one */
  errors: z.array(outputLine),
})
export type ServiceOutput = z.infer<typeof serviceOutput>

/** Whether the environment can be rolled back now: the deployment it returns to, or the reason. */
export const rollbackAnswer = z.object({
  possible: z.boolean(),
  reason: z.string().nullable(),
  /** why the release does not work with what ran before later ones; null when it does */
  incompatible: z.string().nullable().default(null),
  to: deployment.nullable(),
  /** whether the release of `to` is proven; null when there is none */
  isProven: z.boolean().nullable().default(null),
})

/** The certificate of a domain that the live release has, where HTTPS is served. */
export const certificate = z.object({
  domain: z.string(),
  /** what its monitor found last */
  state: z.enum(monitorStates),
  /** ISO 8601; null when there is no certificate, or when the host does not answer */
  expires: z.string().nullable(),
  issuer: z.string().nullable(),
  /** why there is none or no new one, in one sentence without its full stop; null for no reason */
  problem: z.string().nullable(),
  /** when the host orders the next one; null when it orders none, or does not answer */
  next: z.string().nullable(),
})
export type Certificate = z.infer<typeof certificate>

export const environment = z.object({
  app: z.string(),
  name: z.string(),
  position: z.number().int(),
  /** false when the newest run of the branch no longer has it in fairlead.yaml */
  isInFile: z.boolean(),
  /** the target of the live release, or the one the next release goes to */
  target: targetDescription,
  /** the URLs where the environment answers, the main one first */
  urls: z.array(z.string()),
  current: deployment.nullable(),
  /**
   * Whether the current release is proven: its canary was healthy, its watch came to its end, or it
   * had neither. Null when nothing is deployed.
   */
  isProven: z.boolean().nullable().default(null),
  /** deployments that run or wait, newest first */
  pending: z.array(deployment),
  rollback: rollbackAnswer,
  /** `unknown` when the target does not answer */
  health: z.enum(['healthy', 'unhealthy', 'empty', 'unknown']),
  instances: z.array(instance),
  certificates: z.array(certificate).default([]),
  /** how the next change of the configuration gets the traffic, and whether it waits before */
  change: z.object({ strategy: z.enum(['blue-green', 'canary']), needsPermission: z.boolean() }),
  /** the version of the configuration that runs, or that the first release gets */
  configuration: z.number().int(),
  /** why its port does not lead to it, in one sentence; null when it does */
  problem: z.string().nullable(),
  /** whether a playbook was planned or applied for machines here */
  hasMachines: z.boolean().default(false),
  /** commits that were rolled back here, and are deployed again only on request */
  held: z.array(z.string()),
})
export type Environment = z.infer<typeof environment>

/** An app with its environments, and its changes between commit and production. */
export const line = z.object({
  app,
  environments: z.array(environment),
  /** environments that are no longer in fairlead.yaml and have not been removed */
  formerEnvironments: z.array(environment),
  /** the runs under way and the last ones that ended, newest first */
  runs: z.array(run.extend({ deployments: z.array(deployment) })),
  latest: change.nullable(),
  /** open pull requests, and those of them that have a preview */
  pullRequests: z.object({ open: z.number().int(), previews: z.number().int() }),
})
export type Line = z.infer<typeof line>

/**
 * A version of an environment's configuration. Secret values never leave the server: only their
 * names do.
 */
export const configuration = z.object({
  app: z.string(),
  environment: z.string(),
  version: z.number().int(),
  /** one that people or a calendar have a say in waits, and is refused or in force after that */
  state: z.enum(['waiting', 'in_force', 'refused']),
  variables: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
  /** where the values of those secrets are kept that are not kept here */
  references: z.record(z.string(), z.string()),
  actor: z.string(),
  created: z.string(),
  /** what changed against the version before, as names only */
  changed: z.array(z.string()),
})
export type Configuration = z.infer<typeof configuration>
