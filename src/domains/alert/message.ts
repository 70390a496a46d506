import type { Alert } from '#contract/alert/alert.ts'
import type { Message } from './channel.ts'

/** Words for an alert. `reason` is why this person or channel gets it. */
export function messageOf(
  alert: Alert,
  {
    id,
    kind,
    occurrence,
    reason,
  }: {
    id: number
    kind: 'opened' | 'resolved'
    occurrence: number
    reason: string
  },
  publicUrl: string,
): Message {
  const { title, suspects, deployment, onset, urgency } = alert
  const first = suspects[0]
  const again = occurrence > 1 ? 'Again: ' : ''
  const opened = [
    `${capital(alert.reason)}.`,
    ...(onset ? [`Began between ${clock(onset.from)} and ${clock(onset.until)} UTC.`] : []),
    ...(deployment === null ? [] : [`Deployment ${deployment} went live shortly before.`]),
    ...(first ? [`Most likely: ${first.name}, because ${first.reason}.`] : []),
    `You get this because ${reason}.`,
  ]
  const ended = [alert.resolvedBy === null ? 'It has ended.' : `${alert.resolvedBy} resolved it.`]
  return {
    id: `notification-${id}`,
    ...{ kind, urgency, url: `${publicUrl}/alerts/${alert.id}` },
    title: kind === 'opened' ? `${again}${title}` : `Resolved: ${title}`,
    lines: kind === 'opened' ? opened : ended,
    alert: {
      ...{ id: alert.id, app: alert.app, environment: alert.environment },
      ...{ service: alert.service, deployment },
    },
  }
}

export const testMessage = (publicUrl: string, id: string): Message => ({
  ...{ id, kind: 'test', title: 'A test message of Fairlead', urgency: 'low' },
  ...{ lines: ['This channel works.'], url: `${publicUrl}/alerts`, alert: null },
})

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const clock = (time: string): string => time.slice(11, 19)
