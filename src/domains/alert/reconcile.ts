import type { Urgency } from '#contract/alert/alert.ts'

/** Something that fires now. */
export interface Firing {
  /** one of the forms of `alertSource` */
  source: string
  app: string | null
  environment: string | null
  service: string | null
  title: string
  reason: string
  urgency: Urgency
  /** when the harm began, in milliseconds */
  onset: { from: number; until: number }
  /** the deployment that explains it */
  deployment: number | null
  /** whether it has an alert of its own: a page must not disappear in an alert that is known */
  isAlone: boolean
}

/** An alert that is open, was resolved lately, or has a source that still fires. */
export interface KnownAlert {
  id: number
  app: string | null
  environment: string | null
  service: string | null
  deployment: number | null
  /** milliseconds; null while it is open */
  resolved: number | null
  /** null when it is not acknowledged */
  acknowledgedUntil: number | null
  isAlone: boolean
  /** how often it was opened again in the last hour */
  reopened: number
  /** when its last source ended, in milliseconds; null while one goes on, and without any */
  quiet: number | null
  sources: { source: string; ended: boolean }[]
}

export type Action =
  | { kind: 'open'; sources: Firing[] }
  | { kind: 'join'; alert: number; source: Firing }
  | { kind: 'reopen'; alert: number; source: Firing }
  | { kind: 'end'; alert: number; source: string }
  /** `quietMs` is how long nothing had to fire */
  | { kind: 'resolve'; alert: number; quietMs: number }
  | { kind: 'expire'; alert: number }

/** What fires again within this time opens the same alert again. */
const reopenMs = 15 * 60_000
const longestQuietMs = 15 * 60_000

/**
 * How long nothing must fire before an alert is resolved, by how often it was opened again in the
 * last hour. What comes and goes would otherwise send the same message each time.
 */
const quietMsOf = (reopened: number): number =>
  Math.min(longestQuietMs, Math.max(0, reopened - 1) * 5 * 60_000)

/**
 * Compares the alerts with what fires. One alert has one cause: what fires in the same service, or
 * began with the same deployment, belongs together. An alert that a person resolved stays resolved
 * while its sources go on.
 */
export function reconcile(known: KnownAlert[], firing: Firing[], now: number): Action[] {
  const actions: Action[] = []
  const active = new Set(
    known.flatMap(({ sources }) => sources.flatMap((one) => (one.ended ? [] : [one.source]))),
  )
  const fires = new Set(firing.map(({ source }) => source))
  const opened: Firing[][] = []
  for (const one of firing) {
    if (active.has(one.source)) continue
    const open = known.find((alert) => alert.resolved === null && isSameCause(alert, one))
    const former = known.find(
      (alert) =>
        alert.resolved !== null && now - alert.resolved < reopenMs && isSameCause(alert, one),
    )
    const together = opened.find(([first]) => first !== undefined && isSameCause(first, one))
    const isReopened = actions.some((act) => act.kind === 'reopen' && act.alert === former?.id)
    if (open) actions.push({ kind: 'join', alert: open.id, source: one })
    else if (together) together.push(one)
    else if (former && isReopened) actions.push({ kind: 'join', alert: former.id, source: one })
    else if (former) actions.push({ kind: 'reopen', alert: former.id, source: one })
    else opened.push([one])
  }
  for (const sources of opened) actions.push({ kind: 'open', sources })
  for (const alert of known) actions.push(...endOf(alert, fires, actions, now))
  return actions
}

function endOf(alert: KnownAlert, fires: Set<string>, actions: Action[], now: number): Action[] {
  const over = alert.sources.filter(({ source, ended }) => !ended && !fires.has(source))
  const ends = over.map(({ source }): Action => ({ kind: 'end', alert: alert.id, source }))
  if (alert.resolved !== null) return ends
  const goesOn =
    alert.sources.some(({ source, ended }) => !ended && fires.has(source)) ||
    actions.some((one) => one.kind === 'join' && one.alert === alert.id)
  if (!goesOn) {
    const quietMs = quietMsOf(alert.reopened)
    const quiet = over.length > 0 ? now : (alert.quiet ?? -Infinity)
    const isOver = now - quiet >= quietMs
    return isOver ? [...ends, { kind: 'resolve', alert: alert.id, quietMs }] : ends
  }
  const isExpired = alert.acknowledgedUntil !== null && alert.acknowledgedUntil <= now
  return isExpired ? [...ends, { kind: 'expire', alert: alert.id }] : ends
}

const has = ({ sources }: KnownAlert, source: string): boolean =>
  sources.some((one) => one.source === source)

function isSameCause(one: KnownAlert | Firing, other: Firing): boolean {
  if (one.app !== other.app || one.environment !== other.environment) return false
  if (one.isAlone || other.isAlone)
    return one.isAlone && other.isAlone && 'sources' in one && has(one, other.source)
  if (one.deployment !== null && one.deployment === other.deployment) return true
  return one.service === other.service
}

/** Harm can show some time after the deployment that caused it. */
const laterMs = 10 * 60_000
/** Clocks of host and server, and the switch itself. */
const earlierMs = 5000

/**
 * The newest deployment that went live shortly before the harm began; null when there is none.
 * `live` is in milliseconds.
 */
export function explain(
  onset: { from: number; until: number },
  deployments: { id: number; live: number }[],
): number | null {
  const found = deployments
    .filter(({ live }) => live <= onset.until + earlierMs && live >= onset.from - laterMs)
    .toSorted((a, b) => b.live - a.live)
  return found[0]?.id ?? null
}

/** Names the cause of a new alert; open alerts have different ones. */
export function causeOf(firing: Firing): string {
  const { app, environment, service, deployment, source, isAlone } = firing
  if (isAlone) return source
  return deployment === null
    ? `${app}/${environment}/${service ?? ''}`
    : `deployment/${deployment}/${service ?? ''}`
}
