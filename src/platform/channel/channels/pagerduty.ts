import { z } from 'zod'
import { type ChannelIo, defineChannel, type Message, postJson } from '../channel.ts'

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export default defineChannel({
  kind: 'pagerduty',
  title: 'An integration of PagerDuty, by the Events API v2',
  settings: z.strictObject({
    key: z.string().min(1).max(100),
    server: z.url({ protocol: /^https?$/ }).default('https://events.pagerduty.com'),
  }),
  example: { key: '0123456789abcdef0123456789abcdef' },
  limit: { messages: 120, seconds: 60 },
  send: async (message, settings, io) => {
    await post(message, settings, io, message.kind === 'resolved' ? 'resolve' : 'trigger')
    // A test leaves no incident.
    if (message.kind === 'test') await post(message, settings, io, 'resolve')
  },
})

/** Every message of an alert has its key, so that an alert is one incident. */
const post = (
  { id, title, lines, url, urgency, alert }: Message,
  { key, server }: { key: string; server: string },
  io: ChannelIo,
  action: 'trigger' | 'resolve',
): Promise<void> =>
  postJson(io, `${server.replace(/\/$/, '')}/v2/enqueue`, {
    ...{ routing_key: key, event_action: action },
    dedup_key: alert === null ? id : `${new URL(url).host}/alerts/${alert.id}`,
    ...{ client: 'Fairlead', client_url: url, links: [{ href: url, text: 'Open in Fairlead' }] },
    payload: {
      ...{ summary: title.slice(0, 1024), source: alert?.app ?? new URL(url).host },
      severity: urgency === 'high' ? 'critical' : 'warning',
      ...(alert?.service ? { component: alert.service } : {}),
      ...(alert?.environment ? { group: alert.environment } : {}),
      custom_details: { lines },
    },
  })
