import { z } from 'zod'
import { durationWords } from '#contract/time-words.ts'

/** What a change of values does to a service that runs once and uses them. */
export const configurationRestart = z.object({
  service: z.string(),
  did: z.enum(['restarted', 'reloaded']),
  /** milliseconds that clients waited at its last restart; null when none was measured */
  pauseMs: z.number().nullable(),
  /** the deployment with that restart */
  deployment: z.number().int().nullable(),
})
export type ConfigurationRestart = z.infer<typeof configurationRestart>

/** The same beforehand, as a sentence. */
export function restartNote({ service, did, pauseMs, deployment }: ConfigurationRestart): string {
  if (did === 'reloaded') return `${service} reads its changed files without a restart.`
  if (pauseMs === null)
    return `${service} restarts, and clients wait; how long was not measured yet.`
  return (
    `${service} restarts, and clients wait for about ${durationWords(pauseMs)}, as in ` +
    `deployment ${deployment}.`
  )
}
