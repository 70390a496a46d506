import { z } from 'zod'
import { expectedWait } from '#contract/deployment/expected-wait.ts'

/** What a change of values does to a service that runs once and uses them. */
export const configurationRestart = z.object({
  service: z.string(),
  did: z.enum(['restarted', 'reloaded']),
  /** milliseconds that clients are expected to wait; null when none were measured */
  pauseMs: z.number().nullable(),
  /** the deployment with a restart that took so long; null when its last rehearsal did */
  deployment: z.number().int().nullable(),
})
export type ConfigurationRestart = z.infer<typeof configurationRestart>

/** The same beforehand, as a sentence. */
export function restartNote({ service, did, pauseMs, deployment }: ConfigurationRestart): string {
  if (did === 'reloaded') return `${service} reads its changed files without a restart.`
  if (pauseMs === null)
    return `${service} restarts, and clients wait; how long was not measured yet.`
  return `${service} restarts, and clients wait ${expectedWait({ pauseMs, deployment })}.`
}
