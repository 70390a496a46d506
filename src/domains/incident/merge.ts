import { type Incident, severities } from '#contract/incident/incident.ts'

const mergedFields = [
  ...(['service', 'deployment', 'severity', 'severityBy', 'onset', 'detected'] as const),
  ...(['acknowledged', 'declared', 'mitigated', 'mitigation', 'over', 'proof'] as const),
  ...(['commander', 'communicator'] as const),
]
/** What an incident becomes when another one is merged into it. */
export type Merged = Pick<Incident, (typeof mergedFields)[number]>

/** Why one incident cannot be merged into another; null when it can. Pure. */
export function whyNotMerge(kept: Incident, other: Incident): string | null {
  const of = `incident ${other.id} cannot be merged into incident ${kept.id}`
  if (kept.id === other.id) return 'An incident cannot be merged into itself'
  for (const { id, closed, mergedInto } of [kept, other]) {
    if (mergedInto !== null) return `Incident ${id} was merged into incident ${mergedInto}`
    if (closed !== null) return `Incident ${id} is closed`
  }
  if (kept.app !== other.app || kept.environment !== other.environment)
    return `Only incidents of one environment can be merged: ${of}`
  return kept.over !== null && other.over === null
    ? `Incident ${kept.id} is over and incident ${other.id} goes on: ` +
        `merge incident ${kept.id} into incident ${other.id}`
    : null
}

/**
 * Unites two incidents. The harm began with the first and ends with the last. It counts as
 * mitigated only if nothing goes on that is not. Pure.
 */
export function mergeIncidents(kept: Incident, other: Incident): Merged {
  const both = [kept, other]
  const isOver = both.every(({ over }) => over !== null)
  const isOpen = both.some(({ over, mitigated }) => over === null && mitigated === null)
  const { mitigated, mitigation } = latest(both, 'mitigated')
  const { over, proof } = latest(both, 'over')
  return {
    service: kept.service === other.service ? kept.service : null,
    deployment: kept.deployment ?? other.deployment,
    ...severityOf(kept, other),
    onset: earliestOnset(both),
    detected: earliest(both, 'detected') ?? kept.detected,
    acknowledged: earliest(both, 'acknowledged'),
    declared: earliest(both, 'declared'),
    ...(isOpen ? { mitigated: null, mitigation: null } : { mitigated, mitigation }),
    ...(isOver ? { over, proof } : { over: null, proof: null }),
    commander: kept.commander ?? other.commander,
    communicator: kept.communicator ?? other.communicator,
  }
}

/** The higher severity, unless a person set that of the incident that is kept. */
function severityOf(kept: Incident, other: Incident): Pick<Merged, 'severity' | 'severityBy'> {
  const isHigher = severities.indexOf(other.severity) > severities.indexOf(kept.severity)
  const { severity, severityBy } = kept.severityBy === null && isHigher ? other : kept
  return { severity, severityBy }
}

type Moment = 'detected' | 'acknowledged' | 'declared'

const earliest = (both: Incident[], moment: Moment): string | null =>
  both.flatMap((one) => one[moment] ?? []).toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ??
  null

const earliestOnset = (both: Incident[]): Incident['onset'] =>
  both
    .flatMap(({ onset }) => onset ?? [])
    .toSorted((a, b) => Date.parse(a.from) - Date.parse(b.from))[0] ?? null

/** The incident in which something happened last; the first one when it happened in neither. */
const latest = ([kept, other]: Incident[], moment: 'mitigated' | 'over'): Incident => {
  const time = (one: Incident | undefined): number => Date.parse(one?.[moment] ?? '') || 0
  return time(other) > time(kept) ? other! : kept!
}
