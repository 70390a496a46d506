import type { Severity } from '#contract/incident/incident.ts'

/**
 * The kinds of what fires that customers feel: outcomes and delays at the edge, traffic that stays
 * away, addresses and hosts that do not answer, a burning error budget, a broken rule of the
 * business, and services that crash again and again. Not: jobs, disks, single errors.
 */
const felt = new Set([
  ...['errors', 'latency', 'traffic', 'http', 'tcp', 'dns', 'tls'],
  ...['slo', 'invariant', 'host', 'restarts'],
])
/** What these find, nobody can use. */
const unreachable = new Set(['http', 'tcp', 'dns', 'tls', 'host', 'restarts'])

export const isFelt = (kinds: string[]): boolean => kinds.some((kind) => felt.has(kind))

/** The severity that the kinds of what fires suggest; only a person sets `critical`. */
export const proposeSeverity = (kinds: string[]): Severity =>
  kinds.some((kind) => unreachable.has(kind)) ? 'major' : 'minor'

/** Why an incident counts as over, from the kinds of what fired. */
export function proofOf(kinds: string[]): string {
  const tested = ['errors', 'latency', 'traffic'].filter((kind) => kinds.includes(kind))
  const rest = kinds.some((kind) => !tested.includes(kind))
  const parts = [
    ...(tested.length > 0
      ? [`the test of ${tested.join(', ')} that allows 1 % of errors has passed`]
      : []),
    ...(rest || tested.length === 0 ? ['every monitor that fired is well again'] : []),
  ]
  return parts.join(', and ')
}
