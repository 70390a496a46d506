import { z } from 'zod'
import { fingerprintOf, phrase, type Report, urgencyOf } from './external.ts'
import { checked, formatMatcher, type Labels, type Matcher } from './matcher.ts'

/**
 * The API v2 of Alertmanager, by its OpenAPI document:
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */

/** What an alert without `endsAt` lasts after its last report, in milliseconds. */
const resolveMs = 5 * 60_000

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
/** Clients in Go send year 1 for a time that is not set. */
const optionalTime = time
  .optional()
  .transform((ms) => (ms === undefined || ms <= 0 ? undefined : ms))
const labelSet = z
  .record(z.string().min(1).max(200), z.string().max(4000))
  .refine((labels) => Object.keys(labels).length <= 100, 'has more than 100 labels')

export const postableAlert = z.object({
  labels: labelSet.refine((labels) => Object.values(labels).some(Boolean), 'has no labels'),
  annotations: labelSet.default({}),
  generatorURL: z.string().max(4000).optional(),
  startsAt: optionalTime,
  endsAt: optionalTime,
})
/** Prometheus sends at most 256 alerts at once by default. */
export const postableAlerts = z.array(z.unknown()).max(10_000)

export function reportOf(posted: z.output<typeof postableAlert>, now: number): Report {
  const labels = Object.fromEntries(Object.entries(posted.labels).filter(([, value]) => value))
  const { annotations, startsAt, endsAt, generatorURL } = posted
  const name = labels['alertname'] ?? 'alert'
  const { summary, description, message } = annotations
  return {
    ...{ origin: 'alertmanager', key: fingerprintOf(labels), group: name, labels, annotations },
    title: phrase(summary ?? name, 200),
    reason: phrase(description ?? message ?? summary ?? labelText(labels), 1000),
    urgency: urgencyOf(labels['severity']),
    link: linkOf(generatorURL),
    starts: startsAt ?? Math.min(now, endsAt ?? now),
    ends: endsAt ?? now + resolveMs,
  }
}

/** An address that a page may link to. */
export const linkOf = (text: string | undefined): string | null =>
  text !== undefined && /^https?:\/\//.test(text) ? text.slice(0, 2000) : null

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')

export const postableSilence = z.object({
  id: z.string().optional(),
  matchers: z
    .array(
      z.object({
        name: z.string().min(1),
        value: z.string(),
        isRegex: z.boolean(),
        isEqual: z.boolean().default(true),
      }),
    )
    .min(1)
    .max(50),
  startsAt: time,
  endsAt: time,
  createdBy: z.string().max(200),
  comment: z.string().max(500),
})

/** A silence of Fairlead: of a place, and of labels. */
export interface SilenceScope {
  app: string | null
  environment: string | null
  service: string | null
  matchers: string[]
}

/**
 * Matchers as a silence of Fairlead. Those that name an app, its environment and its service become
 * its place; all others stay conditions on labels.
 */
export function scopeOf(matchers: Matcher[], apps: ReadonlySet<string>): SilenceScope {
  const rest = matchers.map(checked)
  const take = (name: string, isKnown: (value: string) => boolean): string | null => {
    const at = rest.findIndex(
      (one) => one.name === name && one.isEqual && !one.isRegex && isKnown(one.value),
    )
    return at === -1 ? null : (rest.splice(at, 1)[0]?.value ?? null)
  }
  const app = take('app', (value) => apps.has(value))
  const isName = (value: string): boolean => value !== ''
  const environment = app === null ? null : take('environment', isName)
  const service = app === null ? null : take('service', isName)
  return { app, environment, service, matchers: rest.map(formatMatcher) }
}

/** The id of a silence as the UUID that the API requires. */
export const uuidOf = (id: number): string =>
  `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`

/** The number of a silence; null when the id is not one of ours. */
export function numberOf(uuid: string): number | null {
  const found = /^00000000-0000-4000-8000-([0-9a-f]{12})$/i.exec(uuid)?.[1]
  return found === undefined ? null : Number.parseInt(found, 16)
}
