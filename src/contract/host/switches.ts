import { z } from 'zod'
import { tenantRule } from './route.ts'
import { rolloutTally } from '#contract/switch/rollout.ts'
import { switchDefinition, switchSetting } from '#contract/switch/switch.ts'

/** How the switches of all environments are set. What they are comes with the releases. */
export const hostSwitches = z.object({
  /** names this set */
  version: z.string(),
  settings: z.array(
    z.object({
      app: z.string(),
      environment: z.string(),
      name: z.string(),
      setting: switchSetting,
      /** a gradual change that is judged, and how a request names its targeting key */
      rollout: z.object({ id: z.string(), key: tenantRule }).optional(),
    }),
  ),
  /** ids of changes of the host that the set contains */
  taken: z.array(z.string()).default([]),
})
export type HostSwitches = z.infer<typeof hostSwitches>

/** A change that the host took while no server answered. */
export const hostSwitchChange = z.object({
  id: z.string(),
  app: z.string(),
  environment: z.string(),
  name: z.string(),
  setting: switchSetting.nullable(),
  reason: z.string(),
  /** milliseconds since 1970 */
  at: z.number(),
})
export type HostSwitchChange = z.infer<typeof hostSwitchChange>

/** What the host serves: the version of the set, empty before the first one, and changes to it. */
export const hostSwitchReport = z.object({
  version: z.string(),
  /** those that no set contains yet, oldest first */
  changes: z.array(hostSwitchChange).default([]),
  /** what was counted for gradual changes */
  rollouts: z.array(z.object({ id: z.string(), tallies: z.array(rolloutTally) })).default([]),
})
export type HostSwitchReport = z.infer<typeof hostSwitchReport>

/** A switch as a release on the host has it. */
export const hostSwitch = z.object({
  name: z.string(),
  definition: switchDefinition,
  setting: switchSetting.nullable(),
})
export type HostSwitch = z.infer<typeof hostSwitch>
export const hostSwitchList = z.object({ switches: z.array(hostSwitch) })

/** A change on the host itself. */
export const hostSwitchRequest = z.object({
  setting: switchSetting.nullable(),
  reason: z.string().max(500),
})
export type HostSwitchRequest = z.infer<typeof hostSwitchRequest>
