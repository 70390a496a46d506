import { z } from 'zod'
import { defineChannel, type Message, postJson } from '../channel.ts'

/** https://docs.ntfy.sh/publish/#publish-as-json */
export default defineChannel({
  kind: 'ntfy',
  title: 'A topic of ntfy, for notifications on a phone',
  settings: z.strictObject({
    server: z.url({ protocol: /^https?$/ }).default('https://ntfy.sh'),
    topic: z.string().regex(/^[\w-]{1,64}$/, 'must be letters, digits, _ and -'),
    token: z.string().max(200).optional(),
  }),
  example: { topic: 'shop-alerts-x7f2' },
  limit: { messages: 20, seconds: 60 },
  send: ({ title, lines, url, urgency, kind, answerUrl }, { server, topic, token }, io) =>
    postJson(
      io,
      server,
      {
        ...{ topic, title, message: lines.join('\n') || title, click: url },
        priority: kind !== 'opened' ? 3 : urgency === 'high' ? 5 : 3,
        ...(answerUrl === null ? {} : { actions: [acknowledge(answerUrl)] }),
        tags: [tags[kind]],
      },
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    ),
})

const tags: Record<Message['kind'], string> = {
  ...{ opened: 'rotating_light', resolved: 'white_check_mark', test: 'white_check_mark' },
  ...{ announced: 'construction', ended: 'white_check_mark', updated: 'speech_balloon' },
  acted: 'robot',
}

/** A button that acknowledges at a tap: https://docs.ntfy.sh/publish/#send-http-request */
const acknowledge = (url: string) => ({
  ...{ action: 'http', label: 'Acknowledge', url, method: 'POST', clear: true },
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'action=acknowledge',
})
