import { z } from 'zod'

export const gateStates = ['passed', 'failed', 'unknown', 'waived'] as const

/** What a gate said of a run. */
export const gate = z.object({
  name: z.string(),
  /** in CEL, as fairlead.yaml has it */
  expression: z.string(),
  /**
   * `unknown`: what it asks for is not there, or nothing to compare it with; `waived`: it failed,
   * and somebody said that it may
   */
  state: z.enum(gateStates),
  /** what it compared, with what, and by how much it failed, one sentence each */
  reasons: z.array(z.string()),
  /** stops the change */
  stops: z.boolean(),
})
export type Gate = z.infer<typeof gate>

export const waiverKinds = ['gate', 'test'] as const

/**
 * A gate or a test that stops nothing for a time, because somebody says why. Of a test it is also
 * called quarantine.
 */
export const waiver = z.object({
  id: z.number().int(),
  app: z.string(),
  kind: z.enum(waiverKinds),
  /** the name of the gate, or `suite › name` of the test */
  subject: z.string(),
  author: z.string(),
  reason: z.string(),
  created: z.string(),
  until: z.string(),
  /** when it was taken back; null when it was not */
  ended: z.string().nullable(),
  isActive: z.boolean(),
})
export type Waiver = z.infer<typeof waiver>
