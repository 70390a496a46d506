import { z } from 'zod'

/** Targeting keys that were seen, and those of them with a failed request. A key counts once. */
const rolloutKeys = z.object({ keys: z.number().int(), failed: z.number().int() })

/** What was counted while one share was in force. */
export const rolloutTally = z.object({
  /** of the targeting keys that get the new value */
  percent: z.number(),
  /** with the new value, and without it */
  on: rolloutKeys,
  off: rolloutKeys,
})
export type RolloutTally = z.infer<typeof rolloutTally>

/**
 * `waiting`: it goes on by itself when enough keys are seen, or a person decides. `ended`: somebody
 * set the switch meanwhile.
 */
export const rolloutStates = ['running', 'waiting', 'finished', 'harmful', 'ended'] as const
export type RolloutState = (typeof rolloutStates)[number]

/** The last gradual change of a switch, which is judged. Times are ISO 8601 UTC. */
export const switchRollout = z.object({
  state: z.enum(rolloutStates),
  /** the new value in words */
  to: z.string(),
  /** the shares of the targeting keys, in percent */
  steps: z.array(z.number()),
  /** the index of the share in force */
  step: z.number().int(),
  tallies: z.array(rolloutTally),
  /** why it is in its state, as a sentence */
  reason: z.string(),
  started: z.string(),
  stepBegan: z.string(),
})
export type SwitchRollout = z.infer<typeof switchRollout>
