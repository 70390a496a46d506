import { z } from 'zod'
import { linkOf } from './alertmanager.ts'
import { hashOfKey, phrase, type Report, urgencyOf } from './external.ts'
import { textsOf, timeOf } from './pagerduty-event.ts'

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(1000),
  source: z.string().min(1).max(2000),
  type: z.string().min(1).max(1000),
  subject: z.string().max(2000).optional(),
  time: z.string().optional(),
  data: z.unknown().optional(),
})
export type CloudEvent = z.output<typeof cloudEvent>

/** The last words of types that say that something has ended. */
const endings = new Set(['resolved', 'closed', 'ended', 'recovered', 'ok', 'cleared'])

/**
 * An event as a report. What has the same source and subject is one alert; without a subject, what
 * has the same source and type up to its last word. It ends with an event whose type ends with a
 * word such as `resolved`, or whose data has the `status` `resolved`.
 */
export function reportOfCloudEvent(event: CloudEvent, sender: string, now: number): Report {
  const data = textsOf(event.data)
  const words = event.type.split('.')
  const last = words.at(-1) ?? ''
  const kind = words.length > 1 ? words.slice(0, -1).join('.') : event.type
  const key = event.subject ?? kind
  const hasEnded = endings.has(last.toLowerCase()) || endings.has(data['status'] ?? '')
  const title = data['title'] ?? data['summary'] ?? `${event.type} of ${key}`
  const severity = data['severity'] ?? data['urgency']
  const { app, environment, service } = data
  const starts = timeOf(event.time, now)
  return {
    ...{ origin: 'cloudevents', key: hashOfKey(sender, `${event.source} ${key}`) },
    group: `${event.source} ${key}`,
    labels: {
      ...{ alertname: kind, source: event.source },
      ...(event.subject === undefined ? {} : { subject: event.subject }),
      ...(app === undefined ? {} : { app }),
      ...(environment === undefined ? {} : { environment }),
      ...(service === undefined ? {} : { service }),
      ...(severity === undefined ? {} : { severity }),
    },
    annotations: { ...data, summary: title },
    title: phrase(title, 200),
    reason: phrase(data['reason'] ?? data['message'] ?? data['description'] ?? title, 1000),
    urgency: urgencyOf(severity),
    link: linkOf(data['url']),
    ...{ starts, ends: hasEnded ? now : null },
  }
}
