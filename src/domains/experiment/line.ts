/** What decides when the experiment of a delivery begins. Times are in milliseconds. */
export interface LineFacts {
  /** the release that was delivered is still live */
  isLive: boolean
  /** deployments that the experiment must make room for */
  deployments: number[]
  /** why the experiment would be refused now */
  refusals: string[]
  /** an experiment of the environment is under way */
  isTaken: boolean
  waited: number
  patience: number
}

/** Requests the experiment, or says why the line ends without it. */
export type LineStart = { go: true } | { go: false; reason: string }

/**
 * Null while the environment is not calm yet, which it is not directly after a deployment. When
 * the patience ends, the experiment is requested all the same, so that its run lists the reasons
 * of its refusal. Pure.
 */
export function decideStart(facts: LineFacts): LineStart | null {
  const { isLive, deployments, refusals, isTaken, waited, patience } = facts
  if (!isLive) return { go: false, reason: 'did not run: the release is no longer live' }
  const [deployment] = deployments
  if (deployment !== undefined)
    return { go: false, reason: `did not run: deployment ${deployment} needs the environment` }
  if (waited < patience) return refusals.length === 0 && !isTaken ? { go: true } : null
  return isTaken
    ? { go: false, reason: 'did not run: another experiment is under way' }
    : { go: true }
}
