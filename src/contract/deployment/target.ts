import { z } from 'zod'

/**
 * What a target can do beyond starting, publishing, stopping and removing a release:
 * - `commands`: runs the commands of services (`services.*.run`)
 * - `images`: runs images (`services.*.image`), and needs one for each command
 * - `share`: assigns a share of the traffic to a canary, and counts the outcomes
 * - `metrics`: reads the metrics that instances expose
 * - `instances`: runs several instances of a service
 * - `log`: keeps what the services write
 * - `port`: listens on a fixed port for each environment
 * - `jobs`: runs jobs, and commands of people, in a release
 * - `rehearse`: starts a second instance of a service apart from the world, and restarts services
 * - `drift`: compares files on disk and running processes with what is declared
 * - `previews`: holds any number of environments beside each other with the same settings
 */
export const targetCapabilities = [
  'commands',
  'images',
  'share',
  'metrics',
  'instances',
  'log',
  'port',
  'jobs',
  'rehearse',
  'drift',
  'previews',
] as const
export type TargetCapability = (typeof targetCapabilities)[number]

/** The target of an environment, as fairlead.yaml names it: a kind, and that kind's settings. */
export interface TargetChoice {
  kind: string
  [setting: string]: unknown
}

export const defaultTarget: TargetChoice = { kind: 'process' }

/** A target, as the API describes it. */
export const targetDescription = z.object({
  kind: z.string(),
  title: z.string(),
  capabilities: z.array(z.enum(targetCapabilities)),
})
export type TargetDescription = z.infer<typeof targetDescription>
