import { z } from 'zod'
import { linkOf } from './alertmanager.ts'
import { hashOfKey, phrase, type Report, urgencyOf } from './external.ts'
import type { Labels } from './matcher.ts'

const text = z.string().max(2000)
const details = z.unknown().optional()
const link = z.object({ href: z.string().max(4000), text: text.optional() })

const common = {
  routing_key: z.string().min(1).max(500),
  links: z.array(link).max(100).optional(),
}

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const pagerdutyEvent = z
  .object({
    ...common,
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: z.string().max(255).optional(),
    client: text.optional(),
    client_url: z.string().max(4000).optional(),
    payload: z
      .object({
        summary: z.string().min(1).max(1024),
        source: z.string().min(1).max(2000),
        severity: z.enum(['critical', 'warning', 'error', 'info']),
        timestamp: z.string().optional(),
        component: text.optional(),
        group: text.optional(),
        class: text.optional(),
        custom_details: details,
      })
      .optional(),
  })
  .refine((event) => event.event_action !== 'trigger' || event.payload !== undefined, {
    path: ['payload'],
    message: 'is required to trigger',
  })
  .refine((event) => event.event_action === 'trigger' || Boolean(event.dedup_key), {
    path: ['dedup_key'],
    message: 'is required to acknowledge and to resolve',
  })
export type PagerdutyEvent = z.output<typeof pagerdutyEvent>

/** https://developer.pagerduty.com/docs/events-api-v2/send-change-events/ */
export const pagerdutyChange = z.object({
  ...common,
  payload: z.object({
    summary: z.string().min(1).max(1024),
    source: text.optional(),
    timestamp: z.string().optional(),
    custom_details: details,
  }),
})
export type PagerdutyChange = z.output<typeof pagerdutyChange>

/** An event that triggers, with the key by which it is resolved. It ends only when resolved. */
export function reportOfEvent(
  event: PagerdutyEvent,
  { sender, key, now }: { sender: string; key: string; now: number },
): Report | null {
  const { payload } = event
  if (!payload) return null
  return {
    ...{ origin: 'pagerduty', key: hashOfKey(sender, key), group: payload.class ?? key },
    labels: {
      alertname: payload.class ?? payload.summary,
      ...placeLabels(payload.source, payload),
      ...{ severity: payload.severity, source: payload.source, dedup_key: key },
    },
    annotations: { summary: payload.summary, ...textsOf(payload.custom_details) },
    title: phrase(payload.summary, 200),
    reason: phrase(`${event.client ?? payload.source} reports: ${payload.summary}`, 1000),
    urgency: urgencyOf(payload.severity),
    link: linkOf(event.client_url ?? event.links?.[0]?.href),
    starts: timeOf(payload.timestamp, now),
    ends: null,
  }
}

export interface Change {
  labels: Labels
  summary: string
  source: string
  link: string | null
  /** milliseconds */
  time: number
}

export const changeOfEvent = ({ payload, links }: PagerdutyChange, now: number): Change => ({
  labels: placeLabels(payload.source ?? '', payload),
  summary: phrase(payload.summary, 500),
  source: payload.source ?? '',
  link: linkOf(links?.[0]?.href),
  time: timeOf(payload.timestamp, now),
})

/** Details name the place; otherwise source, group and component do, as our own channel writes. */
function placeLabels(
  source: string,
  payload: {
    component?: string | undefined
    group?: string | undefined
    custom_details?: unknown
  },
): Labels {
  const { app, environment, service } = textsOf(payload.custom_details)
  const pairs = {
    app: app ?? source,
    environment: environment ?? payload.group,
    service: service ?? payload.component,
  }
  return Object.fromEntries(Object.entries(pairs).filter(isPair))
}

const isPair = (pair: [string, unknown]): pair is [string, string] =>
  typeof pair[1] === 'string' && pair[1] !== ''

/** The texts of an object with any content. */
export const textsOf = (value: unknown): Labels =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(isPair)
          .slice(0, 50)
          .map(([name, text]) => [name.slice(0, 200), text.slice(0, 2000)]),
      )
    : {}

/** A stated time, unless it is not one or lies in the future. */
export function timeOf(stated: string | undefined, now: number): number {
  const ms = Date.parse(stated ?? '')
  return Number.isNaN(ms) ? now : Math.min(ms, now)
}
