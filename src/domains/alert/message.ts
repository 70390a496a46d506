import type { Alert, Silence } from '#contract/alert/alert.ts'
import type { Message } from '#platform/channel/channel.ts'

/** Words for an alert. `reason` is why this person or channel gets it. */
export function messageOf(
  alert: Alert,
  {
    id,
    kind,
    occurrence,
    reason,
    acts,
  }: {
    id: number
    kind: 'opened' | 'acted' | 'resolved'
    occurrence: number
    reason: string
    /** what Fairlead did by itself; of a message of the kind `acted`, the one that it is about */
    acts: string[]
  },
  publicUrl: string,
  answerKey: string | null,
): Message {
  const { title, suspects, deployment, onset, urgency } = alert
  const first = suspects[0]
  const again = occurrence > 1 ? 'Again: ' : ''
  const opened = [
    `${capital(alert.reason)}.`,
    ...(onset ? [beganIn(clock(onset.from), clock(onset.until))] : []),
    ...(deployment === null ? [] : [`Deployment ${deployment} went live shortly before.`]),
    ...(first ? [`Most likely: ${first.name}, because ${first.reason}.`] : []),
    ...acts.map((text) => `${text}.`),
    `You get this because ${reason}.`,
  ]
  const acted = [
    ...acts.map((text) => `${text}.`),
    'It can be taken back like any other change.',
    `You get this because ${reason}.`,
  ]
  const ended = [alert.resolvedBy === null ? 'It has ended.' : `${alert.resolvedBy} resolved it.`]
  return {
    id: `notification-${id}`,
    ...{ kind, urgency, url: `${publicUrl}/alerts/${alert.id}` },
    answerUrl: answerKey === null ? null : `${publicUrl}/answer?key=${answerKey}`,
    ...{
      opened: { title: `${again}${title}`, lines: opened },
      acted: { title: `Fairlead acted: ${title}`, lines: acted },
      resolved: { title: `Resolved: ${title}`, lines: ended },
    }[kind],
    alert: {
      ...{ id: alert.id, app: alert.app, environment: alert.environment },
      ...{ service: alert.service, deployment },
    },
  }
}

/** Words for maintenance that begins later, or that has ended before its time. */
export function announcementOf(
  silence: Silence,
  { id, kind }: { id: number; kind: 'announced' | 'ended' },
  publicUrl: string,
): Message {
  const { app, environment, service, matchers, from, until, reason, actor } = silence
  const place = [service, environment, app].filter(Boolean).join(' in ') || matchers.join(', ')
  // A silence that is ended before it begins ends at that moment.
  const isCancelled = until <= from
  const time = isCancelled ? minute(from) : `${minute(from)} to ${minute(until)}`
  return {
    ...{ id: `notification-${id}`, kind, urgency: 'low', url: `${publicUrl}/alerts` },
    ...{ answerUrl: null, alert: null },
    title:
      kind === 'announced'
        ? `Maintenance of ${place}: ${time} UTC`
        : `Maintenance of ${place} is ${isCancelled ? 'cancelled' : 'over'}`,
    lines:
      kind === 'announced'
        ? [`${capital(reason)}.`, `Announced by ${actor}. Alerts are not sent during this time.`]
        : [`Alerts are sent again. It was announced by ${actor}: ${reason}.`],
  }
}

export const testMessage = (publicUrl: string, id: string): Message => ({
  ...{ id, kind: 'test', title: 'A test message of Fairlead', urgency: 'low' },
  ...{ lines: ['This channel works.'], url: `${publicUrl}/alerts`, alert: null },
  answerUrl: null,
})

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const minute = (time: string): string => time.slice(0, 16).replace('T', ' ')
const beganIn = (from: string, until: string): string =>
  from === until ? `Began at ${from} UTC.` : `Began between ${from} and ${until} UTC.`

const clock = (time: string): string => time.slice(11, 19)
