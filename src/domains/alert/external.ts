import { createHash } from 'node:crypto'
import type { Urgency } from '#contract/alert/alert.ts'
import type { Labels } from './matcher.ts'

export type Origin = 'alertmanager' | 'pagerduty' | 'cloudevents'

/** What another tool reports, in terms that all of them have. Times are milliseconds. */
export interface Report {
  origin: Origin
  /** names this alert among those of the sender; the same when it is sent again */
  key: string
  /** what has one cause: its reports in the same service are one source of an alert */
  group: string
  labels: Labels
  annotations: Labels
  title: string
  reason: string
  urgency: Urgency | 'none' | null
  link: string | null
  starts: number
  /** null until the tool says that it has ended */
  ends: number | null
}

/** Where it fires. */
export interface Place {
  app: string | null
  environment: string | null
  service: string | null
}

/** An environment with the services that are live in it, in the order of environments. */
export interface KnownPlace {
  app: string
  /** null for an app without environments */
  environment: string | null
  services: string[]
}

const names = {
  app: ['app', 'application', 'job', 'service'],
  environment: ['environment', 'env', 'stage'],
  service: ['service', 'component', 'container', 'job'],
}

/**
 * Finds the app, environment and service that labels name. Without a label of the environment it is
 * the last one of the app; with one that is unknown, it is none. An app is also found by a service
 * that only this app has. `only` is the app of a sender that may report for one app.
 */
export function placeOf(labels: Labels, places: KnownPlace[], only: string | null): Place {
  const stated = (kind: keyof typeof names): string[] =>
    names[kind].flatMap((name) => labels[name] ?? [])
  const app =
    stated('app').find((one) => places.some((place) => place.app === one)) ??
    only ??
    appOfService(stated('service'), places)
  if (app === null) return { app: null, environment: null, service: null }
  const own = places.filter((place) => place.app === app)
  const [environment] = stated('environment')
  const place =
    environment === undefined ? own.at(-1) : own.find((one) => one.environment === environment)
  const services = place?.services ?? []
  const service =
    stated('service').find((one) => services.includes(one)) ??
    (services.length === 1 ? services[0] : undefined)
  return { app, environment: place?.environment ?? null, service: service ?? null }
}

function appOfService(services: string[], places: KnownPlace[]): string | null {
  for (const service of services) {
    const apps = new Set(
      places.filter((place) => place.services.includes(service)).map(({ app }) => app),
    )
    if (apps.size === 1) return [...apps][0] ?? null
  }
  return null
}

const severities: Record<string, Urgency | 'none'> = {
  ...{ critical: 'high', page: 'high', error: 'high', high: 'high', fatal: 'high' },
  ...{ warning: 'low', warn: 'low', info: 'low', low: 'low', notice: 'low', ticket: 'low' },
  none: 'none',
}

/** The urgency of a severity; null for one that says nothing, then the environment decides. */
export const urgencyOf = (severity: string | undefined): Urgency | 'none' | null => {
  const key = severity?.toLowerCase() ?? ''
  return Object.hasOwn(severities, key) ? (severities[key] ?? null) : null
}

const hash = (parts: unknown): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)

export const fingerprintOf = (labels: Labels): string =>
  hash(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))

export const hashOfKey = (sender: string, key: string): string => hash([sender, key])

/** The source of an alert: the same for reports of one group in one place. */
export const sourceOf = (
  { origin, group }: Pick<Report, 'origin' | 'group'>,
  { app, environment, service }: Place,
): string => `external/${hash([origin, group, app, environment, service])}`

/** A text of another tool as a part of a sentence: one line, limited, without full stop. */
export const phrase = (text: string, most: number): string =>
  text.replaceAll(/\s+/g, ' ').trim().slice(0, most).replace(/\.$/, '')
