import { type ActionProof, type ActionState, proofText } from '#contract/review/review.ts'
import { moment } from './moment.ts'

/** The evidence for an action: when its proof failed, and its state now. Times are ISO 8601 UTC. */
export interface Evidence {
  /** when it was first seen to fail since the incident began; null when no failure was seen */
  failed: string | null
  /** how it is, and since when; null when there is no data */
  now: { outcome: 'passes' | 'fails' | 'unknown'; time: string } | null
}

export interface Judgement {
  state: ActionState
  reason: string
  failed: string | null
}

/**
 * Whether an action is proven: its proof failed since the incident began, and passes now. What
 * never failed proves nothing by passing. Missing data is `unknown`, and changes nothing about an
 * action that is proven. `before` is what was seen before: its failure stays when the data is
 * removed.
 */
export function judgeAction(
  proof: ActionProof,
  before: Pick<Judgement, 'state' | 'failed'>,
  evidence: Evidence,
): Judgement {
  const what = proofText(proof)
  const first = earliest(before.failed, evidence.failed)
  const { now } = evidence
  if (now === null || now.outcome === 'unknown')
    return { ...withoutResult(what, before.state, now?.time ?? null), failed: first }
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

function withoutResult(
  what: string,
  before: ActionState,
  since: string | null,
): Pick<Judgement, 'state' | 'reason'> {
  const gap =
    since === null
      ? `there is no result of ${what}`
      : `the result of ${what} has been unknown since ${moment(since)}`
  return before === 'proven'
    ? { state: 'proven', reason: `it failed, and passed later; ${gap}` }
    : { state: 'unknown', reason: gap }
}

function earliest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return Date.parse(other) < Date.parse(one) ? other : one
}
