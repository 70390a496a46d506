/** A rollback that went live. */
export interface Rollback {
  deployment: number
  app: string
  environment: string
  at: number
}

/**
 * A switch turned off, a service restarted or scaled, a host drained, or a maintenance page
 * started: it may stop harm.
 */
export interface Measure {
  kind: 'switch' | 'restart' | 'scale' | 'drain' | 'maintenance'
  app: string
  environment: string
  /** of the switch, the service or the host; empty for the maintenance page */
  name: string
  /** why it was done; a reason that names an incident is about no other */
  reason: string
  /** the monitor that did it, perhaps before its alert opened */
  monitor: string | null
  /** whether Fairlead set a harmful switch back by itself, perhaps before its alert opened */
  isSetBack?: boolean
  at: number
  /** when it was begun, if it takes a while; what was begun before the harm may be its cause */
  begun?: number | null
  what: string
}

/** The incident that a measure may be about. */
interface Harmed {
  id: number
  app: string | null
  environment: string | null
  service: string | null
  deployment: number | null
  openedBy: 'alert' | 'person' | 'rollback'
  began: number
  switches: string[]
}

/** A monitor or a rollout acts at most this long before its alert opens. */
const automaticMs = 120_000

/** What was done first about an incident since it began; `monitors` fired in it. */
export function firstMeasure(
  incident: Harmed,
  monitors: string[],
  { rollbacks, measures }: { rollbacks: Rollback[]; measures: Measure[] },
): { at: number; what: string } | null {
  const { app, environment, openedBy, deployment, began } = incident
  const words = openedBy === 'rollback' ? ` of the harmful deployment ${deployment ?? ''}` : ''
  const [first] = [
    ...rollbacks.map((one) => ({
      ...{ ...one, begun: one.at },
      what: `deployment ${one.deployment} is a rollback${words}`.trim(),
    })),
    ...measures
      .filter((one) => isAbout(one, incident, monitors))
      .map((one) => ({
        ...one,
        begun: (one.begun ?? one.at) + (one.monitor === null && !one.isSetBack ? 0 : automaticMs),
      })),
  ]
    .filter((one) => one.app === app && one.environment === environment && one.begun >= began)
    .toSorted((one, other) => one.at - other.at)
  return first ? { at: first.at, what: first.what } : null
}

/**
 * Whether a measure in the place of an incident is about it: its reason names the incident, its
 * monitor fired in it, the switch is one of its suspects, or the service that was restarted is the
 * one that fails. A maintenance page, a number of instances and a drained host are only about the
 * incident that their reason names.
 */
function isAbout(
  { kind, name, reason, monitor }: Measure,
  { id, service, switches }: Harmed,
  monitors: string[],
): boolean {
  const [, named] = /\bincident (\d+)\b/i.exec(reason) ?? []
  if (named !== undefined) return Number(named) === id
  if (monitor !== null) return monitors.includes(monitor)
  if (kind === 'maintenance' || kind === 'scale' || kind === 'drain') return false
  return kind === 'switch' ? switches.includes(name) : service === null || service === name
}
