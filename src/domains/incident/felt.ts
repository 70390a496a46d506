import type { Severity } from '#contract/incident/incident.ts'

/**
 * The kinds of what fires that customers feel: outcomes and delays at the edge, traffic that stays
 * away, addresses and hosts that do not answer, a burning error budget, a broken rule of the
 * business, services that crash again and again or do not answer, and a gradual change of a switch
 * that did harm. Not: jobs, disks, single errors.
 */
const felt = new Set([
  ...['errors', 'latency', 'traffic', 'http', 'tcp', 'dns', 'tls'],
  ...['slo', 'invariant', 'host', 'restarts', 'reachable', 'routes', 'slow-routes', 'rollout'],
])
/** What these find, nobody can use. */
const unreachable = new Set(['http', 'tcp', 'dns', 'tls', 'host', 'restarts', 'reachable'])

export const isFelt = (kinds: string[]): boolean => kinds.some((kind) => felt.has(kind))

/** From these on, the share of failed requests, and what breaks a rule, make an incident worse. */
export const severityLimits = {
  /** requests below which a share says little */
  requests: 20,
  major: { share: 0.05, entities: 10 },
  critical: { share: 0.5, failed: 100 },
} as const

/** The severity that the kinds of what fires suggest, and whom the harm has hit so far. */
export function proposeSeverity(
  kinds: string[],
  requests: { failed: number; all: number } | null = null,
  entities = 0,
): Severity {
  const { major, critical } = severityLimits
  const share = requests === null ? 0 : requests.failed / Math.max(1, requests.all)
  if (share >= critical.share && (requests?.failed ?? 0) >= critical.failed) return 'critical'
  const isShare = share >= major.share && (requests?.all ?? 0) >= severityLimits.requests
  return isShare || entities >= major.entities || kinds.some((kind) => unreachable.has(kind))
    ? 'major'
    : 'minor'
}

/** Why an incident counts as over, from the kinds of what fired. */
export function proofOf(kinds: string[]): string {
  const tested = ['errors', 'latency', 'traffic', 'routes', 'slow-routes'].filter((kind) =>
    kinds.includes(kind),
  )
  const isSetBack = kinds.includes('rollout')
  const rest = kinds.some((kind) => kind !== 'rollout' && !tested.includes(kind))
  const parts = [
    ...(tested.length > 0
      ? [`the test of ${tested.join(', ')} that allows 1 % of errors has passed`]
      : []),
    ...(isSetBack ? ['the switch was set back'] : []),
    ...(rest || (tested.length === 0 && !isSetBack)
      ? ['every monitor that fired is well again']
      : []),
  ]
  return parts.join(', and ')
}
