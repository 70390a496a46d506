import { z } from 'zod'

export const gateStates = ['passed', 'failed', 'unknown', 'waived'] as const

/** The result of a gate for a run. */
export const gate = z.object({
  name: z.string(),
  /** The CEL expression from fairlead.yaml. */
  expression: z.string(),
  /**
   * `unknown`: data that the gate needs, or a release to compare with, is missing. `waived`: the
   * gate failed and a waiver allows it.
   */
  state: z.enum(gateStates),
  /** The values that the gate compared and by how much it failed, one sentence each. */
  reasons: z.array(z.string()),
  /** True when the gate stops the change. */
  stops: z.boolean(),
})
export type Gate = z.infer<typeof gate>

export const waiverKinds = ['gate', 'test'] as const

/**
 * Allows a gate or a test to fail for a limited time, for a stated reason. A waived test is also
 * called quarantined.
 */
export const waiver = z.object({
  id: z.number().int(),
  app: z.string(),
  kind: z.enum(waiverKinds),
  /** The name of the gate, or `suite › name` of the test. */
  subject: z.string(),
  author: z.string(),
  reason: z.string(),
  created: z.string(),
  until: z.string(),
  /** When somebody ended the waiver; null while nobody has. */
  ended: z.string().nullable(),
  isActive: z.boolean(),
})
export type Waiver = z.infer<typeof waiver>
