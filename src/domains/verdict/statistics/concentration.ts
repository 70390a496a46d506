import type { Rate } from './errors.ts'

/** Requests and failures of a route or tenant, or of all requests. */
export interface Part {
  name: string
  baseline: Rate
  canary: Rate
}

/** A part is named if it has at least this share of the additional failures… */
const mostFailures = 0.8
/** …and at most this share of the requests… */
const mostRequests = 0.5
/** …and at least this many additional failures. */
const leastFailures = 10

/**
 * Finds the route or tenant that has most of the canary's additional failures, although not most of
 * its requests; null if they are spread. A description that does not affect the verdict.
 */
export function concentrationOf(all: Omit<Part, 'name'>, parts: readonly Part[]): Part | null {
  const failures = additional(all)
  const lifted = parts.flatMap((part) => {
    const ofFailures = additional(part) / failures
    const ofRequests = part.canary.requests / all.canary.requests
    const isNamed =
      failures >= leastFailures && ofFailures >= mostFailures && ofRequests <= mostRequests
    return isNamed ? [{ part, lift: ofFailures / ofRequests }] : []
  })
  return lifted.toSorted((a, b) => b.lift - a.lift)[0]?.part ?? null
}

/** Failures of the canary beyond those that the baseline has in as many requests. */
function additional({ baseline, canary }: Omit<Part, 'name'>): number {
  const rate = baseline.requests === 0 ? 0 : baseline.errors / baseline.requests
  return canary.errors - rate * canary.requests
}
