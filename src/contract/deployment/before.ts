import { z } from 'zod'
import { deployment } from '#contract/run/run.ts'

/** `unknown` when its process was gone and had left no exit code: it may have run in part. */
export const beforeStates = ['running', 'succeeded', 'failed', 'unknown'] as const

/** What the release with the traffic did on a copy of the data, after the command had run there. */
export const beforeCheck = z.object({
  /** the run of the release that was tried */
  run: z.number().int(),
  state: z.enum(['compatible', 'incompatible', 'unknown']),
  /** why it is not known to work, in one sentence; null when it works */
  reason: z.string().nullable(),
})
export type BeforeCheck = z.infer<typeof beforeCheck>

/** Whether the backup before the command was restored on a copy of the data. */
export const restoreCheck = z.object({
  state: z.enum(['works', 'unknown']),
  /** why it is not known to work, in one sentence; null when it works */
  reason: z.string().nullable(),
})
export type RestoreCheck = z.infer<typeof restoreCheck>

/** The command that ran once for a release, before its services started. */
export const beforeCommand = z.object({
  release: z.number().int(),
  run: z.number().int(),
  command: z.string(),
  /** the service whose variables, files and directory it had */
  service: z.string(),
  /** whether earlier releases work with what it leaves behind: as fairlead.yaml or `check` says */
  isCompatible: z.boolean(),
  /** null when nothing was tried */
  check: beforeCheck.nullable(),
  /** null when there is no backup, or none to restore */
  restore: restoreCheck.nullable().default(null),
  state: z.enum(beforeStates),
  code: z.number().int().nullable(),
  /** why it did not succeed, in one sentence */
  reason: z.string().nullable(),
  started: z.string(),
  ended: z.string().nullable(),
})
export type BeforeCommand = z.infer<typeof beforeCommand>

/** What a deployment did to a service that never runs twice at once. */
export const servicePause = z.object({
  service: z.string(),
  did: z.enum(['started', 'restarted', 'reloaded', 'nothing']),
  /** milliseconds from the stop of the old process to a healthy new one; null when none was */
  pauseMs: z.number().nullable(),
})
export type ServicePause = z.infer<typeof servicePause>

/** How long clients are expected to wait at a restart of a service. */
export const expectedPause = z.object({
  service: z.string(),
  pauseMs: z.number(),
  /** the deployment with a restart that took so long; null when its last rehearsal did */
  deployment: z.number().int().nullable(),
})
export type ExpectedPause = z.infer<typeof expectedPause>

export const deploymentDetail = deployment.extend({
  /** null when the release had no command, or when one of the same run had succeeded here */
  before: beforeCommand.nullable().default(null),
  pauses: z.array(servicePause).default([]),
  /**
   * while it is ahead: how long clients wait if a service restarts that the release runs once and
   * may restart
   */
  expectedPauses: z.array(expectedPause).default([]),
})
export type DeploymentDetail = z.infer<typeof deploymentDetail>
