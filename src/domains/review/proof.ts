import type { ActionProof, ActionState } from '#contract/review/review.ts'

/** The evidence for an action: when its proof failed, and its state now. Times are ISO 8601 UTC. */
export interface Evidence {
  /** when it was first seen to fail since the incident began; null when no failure was seen */
  failed: string | null
  /** how it is now; null when there is no data */
  now: { outcome: 'passes' | 'fails' | 'unknown'; time: string } | null
}

export interface Judgement {
  state: ActionState
  reason: string
  failed: string | null
}

/** What proves an action, in words. */
export function proofText(proof: ActionProof): string {
  if (proof.kind === 'monitor') return `the monitor ${proof.name} in ${proof.environment}`
  if (proof.kind === 'rehearsal') return `the rehearsal of ${proof.service} in ${proof.environment}`
  return `the ${proof.kind} ${proof.name}`
}

/**
 * Whether an action is proven: its proof failed since the incident began, and passes now. What
 * never failed proves nothing by passing, and missing data is `unknown`. `failed` is what was seen
 * before: it stays when the data is removed.
 */
export function judgeAction(
  proof: ActionProof,
  failed: string | null,
  evidence: Evidence,
): Judgement {
  const what = proofText(proof)
  const first = earliest(failed, evidence.failed)
  const { now } = evidence
  if (now === null)
    return { state: 'unknown', reason: `there is no result of ${what}`, failed: first }
  if (now.outcome === 'unknown')
    return { state: 'unknown', reason: `the result of ${what} is unknown`, failed: first }
  if (now.outcome === 'fails')
    return { state: 'open', reason: `${what} fails`, failed: first ?? now.time }
  if (first === null)
    return {
      state: 'open',
      reason: `${what} passes, but it has not failed since the incident began`,
      failed: null,
    }
  return { state: 'proven', reason: `${what} failed, and passes now`, failed: first }
}

function earliest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return Date.parse(other) < Date.parse(one) ? other : one
}
