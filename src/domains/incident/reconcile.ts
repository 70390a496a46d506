import { firstMeasure, type Measure, type Rollback } from './measures.ts'

/** An alert that customers can feel, or that belongs to an incident. Times are in milliseconds. */
export interface FeltAlert {
  alert: number
  app: string | null
  environment: string | null
  service: string | null
  title: string
  reason: string
  deployment: number | null
  onset: { from: number; until: number } | null
  opened: number
  /** when the last of what fired in it ended; null while something fires */
  ended: number | null
  occurrence: number
  acknowledged: { at: number; by: string } | null
  kinds: string[]
  /** the names of the monitors that fired in it */
  monitors: string[]
  /** the switches whose rollouts did harm */
  rollouts: string[]
}

/** A release that had all of the traffic and was rolled back because of its harm. */
export interface Harm {
  deployment: number
  app: string
  environment: string
  reason: string
  /** when it had all of the traffic */
  from: number
  at: number
}

export interface KnownIncident {
  id: number
  app: string | null
  environment: string | null
  service: string | null
  deployment: number | null
  openedBy: 'alert' | 'person' | 'rollback'
  /** when it was detected, or came back last */
  began: number
  acknowledged: number | null
  mitigated: number | null
  over: number | null
  closed: number | null
  alerts: { alert: number; occurrence: number }[]
  /** the switches among its suspects */
  switches: string[]
  /** whether it became a part of another incident, which has its alerts */
  isMerged: boolean
}

export type IncidentAction =
  | { kind: 'open'; alerts: FeltAlert[] }
  | { kind: 'open-harm'; harm: Harm }
  | { kind: 'join'; incident: number; alert: FeltAlert }
  | { kind: 'reopen'; incident: number; alert: FeltAlert }
  | { kind: 'acknowledge'; incident: number; at: number; by: string }
  | { kind: 'mitigate'; incident: number; at: number; what: string }
  | { kind: 'over'; incident: number; at: number; kinds: string[] }
  | { kind: 'close'; incident: number }

export interface IncidentFacts {
  known: KnownIncident[]
  alerts: FeltAlert[]
  harms: Harm[]
  rollbacks: Rollback[]
  measures: Measure[]
  now: number
}

/** What comes back within this time is the same incident. */
export const sameMs = 3_600_000
/** An incident of a rollback without an alert is over this long after the rollback. */
export const quietMs = 600_000

/**
 * Compares the incidents with what fires now. It keeps no state: a repetition or a duplicate
 * changes nothing. An incident that a person closed stays closed while its alert goes on.
 */
export function decideIncidents(facts: IncidentFacts): IncidentAction[] {
  const { known, alerts, harms, now } = facts
  const actions: IncidentAction[] = []
  const opened: FeltAlert[][] = []
  for (const one of alerts) {
    const place = placeOf(one, known, now)
    if (place !== null) actions.push(place)
    if (place !== null || one.ended !== null || isAttached(one, known)) continue
    const together = opened.find(([first]) => first !== undefined && isSame(first, one))
    if (together) together.push(one)
    else opened.push([one])
  }
  for (const found of opened) actions.push({ kind: 'open', alerts: found })
  for (const harm of harms)
    if (
      !known.some((one) => covers(one, harm)) &&
      !opened.some(([one]) => one && covers(one, harm))
    )
      actions.push({ kind: 'open-harm', harm })
  for (const incident of known)
    if (!actions.some((one) => one.kind === 'reopen' && one.incident === incident.id))
      actions.push(...progressOf(incident, facts))
  return actions
}

const isAttached = ({ alert }: FeltAlert, known: KnownIncident[]): boolean =>
  known.some(({ alerts }) => alerts.some((one) => one.alert === alert))

/** To which incident an alert belongs that is not counted there yet; null without one. */
function placeOf(one: FeltAlert, known: KnownIncident[], now: number): IncidentAction | null {
  const holder = known.find(({ alerts }) => alerts.some(({ alert }) => alert === one.alert))
  if (holder) {
    const seen = holder.alerts.find(({ alert }) => alert === one.alert)?.occurrence ?? 0
    const isBack = holder.closed === null ? holder.over !== null : one.occurrence > seen
    if (one.ended === null && isBack) return { kind: 'reopen', incident: holder.id, alert: one }
    return one.occurrence > seen ? { kind: 'join', incident: holder.id, alert: one } : null
  }
  const open = known.find((incident) => endOf(incident) === null && isSame(incident, one))
  if (open) return { kind: 'join', incident: open.id, alert: one }
  if (one.ended !== null) return null
  const recent = known
    .filter((incident) => !incident.isMerged && now - (endOf(incident) ?? now) < sameMs)
    .find((incident) => isSame(incident, one) && !hasOtherCause(incident, one))
  return recent ? { kind: 'reopen', incident: recent.id, alert: one } : null
}

const endOf = ({ over, closed }: KnownIncident): number | null => over ?? closed

type Placed = Pick<KnownIncident, 'app' | 'environment' | 'service' | 'deployment'>

function isSame(one: Placed, other: Placed): boolean {
  if (one.app === null || one.app !== other.app || one.environment !== other.environment)
    return false
  if (one.deployment !== null && one.deployment === other.deployment) return true
  return one.service === null || other.service === null || one.service === other.service
}

/** Different deployments explain them. */
const hasOtherCause = (one: Placed, other: Placed): boolean =>
  one.deployment !== null && other.deployment !== null && one.deployment !== other.deployment

const covers = (one: Placed & { began?: number; opened?: number }, harm: Harm): boolean =>
  one.app === harm.app &&
  one.environment === harm.environment &&
  (one.deployment === harm.deployment || (one.began ?? one.opened ?? 0) >= harm.from)

function progressOf(incident: KnownIncident, facts: IncidentFacts): IncidentAction[] {
  if (incident.closed !== null) return []
  const { id, over } = incident
  if (over !== null) return facts.now - over >= sameMs ? [{ kind: 'close', incident: id }] : []
  const own = facts.alerts.filter(({ alert }) => incident.alerts.some((one) => one.alert === alert))
  const monitors = own.flatMap((one) => one.monitors)
  const found = incident.mitigated === null ? firstMeasure(incident, monitors, facts) : null
  const mitigation = found && { kind: 'mitigate' as const, incident: id, ...found }
  const mitigated = mitigation?.at ?? incident.mitigated
  const actions = [acknowledgementOf(incident, own), mitigation].filter((one) => one !== null)
  const end = endOfHarm(incident, own, mitigated, facts.now)
  const kinds = [...new Set(own.flatMap((one) => one.kinds))]
  return end === null ? actions : [...actions, { kind: 'over', incident: id, at: end, kinds }]
}

function acknowledgementOf(incident: KnownIncident, own: FeltAlert[]): IncidentAction | null {
  if (incident.acknowledged !== null) return null
  const [first] = own.flatMap((one) => one.acknowledged ?? []).toSorted((a, b) => a.at - b.at)
  return first ? { kind: 'acknowledge', incident: incident.id, ...first } : null
}

/** When the harm ended; null while it goes on, and while that is not known. */
function endOfHarm(
  { openedBy, alerts }: KnownIncident,
  own: FeltAlert[],
  mitigated: number | null,
  now: number,
): number | null {
  if (alerts.length > 0) {
    // An alert that is missing was deleted long after its end.
    const ends = own.map(({ ended }) => ended)
    return ends.length === 0 || ends.includes(null)
      ? null
      : Math.max(...ends.map((end) => end ?? 0))
  }
  const isQuiet = mitigated !== null && now - mitigated >= quietMs
  return openedBy === 'rollback' && isQuiet ? mitigated : null
}
