import { z } from 'zod'
import { switchRollout } from './rollout.ts'

export const switchTypes = ['boolean', 'string', 'number', 'object'] as const

/** A value of a switch; an object is JSON. */
export const switchValue = z.union([
  z.boolean(),
  z.string().max(10_000),
  z.number(),
  z.record(z.string(), z.unknown()),
])
export type SwitchValue = z.infer<typeof switchValue>

/** What is served: a named variant, or a value of a switch that has no variants. */
export const switchChoice = z.union([
  z.strictObject({ variant: z.string().min(1).max(40) }),
  z.strictObject({ value: switchValue }),
])
export type SwitchChoice = z.infer<typeof switchChoice>

/** A switch as the release has it. Its variants are `on` and `off` when it is a boolean. */
export const switchDefinition = z.object({
  type: z.enum(switchTypes),
  /** what is served while nobody has set the switch */
  default: switchChoice,
  variants: z.record(z.string(), switchValue),
})
export type SwitchDefinition = z.infer<typeof switchDefinition>

/** The hundredths of a percent that keys are divided into. */
export const switchBuckets = 10_000

/** How a switch is set in an environment. */
export const switchSetting = z.strictObject({
  /** for everybody who has neither a share nor an own choice */
  serve: switchChoice,
  /** shares of the targeting keys, in this order; together at most 100 % */
  split: z
    .array(
      z.strictObject({
        percent: z.number().min(0.01).max(100).multipleOf(0.01),
        serve: switchChoice,
      }),
    )
    .max(20)
    .refine(
      (split) => split.reduce((sum, { percent }) => sum + percent, 0) <= 100.000_001,
      'must have at most 100 percent in total',
    )
    .default([]),
  /** choices for single targeting keys */
  keys: z
    .record(z.string().min(1).max(200), switchChoice)
    .refine((keys) => Object.keys(keys).length <= 500, 'must have at most 500 keys')
    .default({}),
})
export type SwitchSetting = z.infer<typeof switchSetting>

/** A switch of an environment, for people. Times are ISO 8601 UTC. */
export const switchView = z.object({
  app: z.string(),
  environment: z.string(),
  name: z.string(),
  /** null when the live release does not have it */
  definition: switchDefinition.nullable(),
  /** null while the default of the file is served */
  setting: switchSetting.nullable(),
  /** what is served without a targeting key; null when the live release does not have it */
  value: switchValue.nullable(),
  variant: z.string().nullable(),
  /** the team of the file; null for none */
  owner: z.string().nullable(),
  description: z.string(),
  /** the day from which the switch should not exist any more, such as `2027-01-31` */
  expires: z.string().nullable(),
  isExpired: z.boolean(),
  /** grows with every change; 0 before the first one */
  version: z.number().int(),
  reason: z.string(),
  actor: z.string().nullable(),
  changed: z.string().nullable(),
  /** the monitor that turned it off; null when a person set it last */
  pulledBy: z.string().nullable(),
  /** the shares of a gradual change in percent; null when fairlead.yaml has no `rollout` */
  steps: z.array(z.number()).nullable().default(null),
  /** the last gradual change; null when there was none */
  rollout: switchRollout.nullable().default(null),
})
export type SwitchView = z.infer<typeof switchView>
