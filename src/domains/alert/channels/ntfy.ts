import { z } from 'zod'
import { defineChannel, postJson } from '../channel.ts'

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
  send: ({ title, lines, url, urgency, kind }, { server, topic, token }, io) =>
    postJson(
      io,
      server,
      {
        ...{ topic, title, message: lines.join('\n') || title, click: url },
        priority: kind !== 'opened' ? 3 : urgency === 'high' ? 5 : 3,
        tags: [kind === 'opened' ? 'rotating_light' : 'white_check_mark'],
      },
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    ),
})
