import { z } from 'zod'
import { defineChannel, type Message, postJson } from '../channel.ts'

const typeOf = (kind: Message['kind']): string =>
  kind === 'updated'
    ? 'dev.cdeventsx.fairlead-status.updated'
    : kind === 'announced' || kind === 'ended'
      ? `dev.cdeventsx.fairlead-silence.${kind === 'announced' ? 'created' : 'ended'}`
      : `dev.cdeventsx.fairlead-${kind === 'acted' ? 'incident' : 'alert'}.${kind}`

/** CloudEvents 1.0 in structured mode. The id of an event is that of the message. */
export default defineChannel({
  kind: 'cloudevents',
  title: 'A webhook that receives CloudEvents',
  settings: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    token: z.string().max(500).optional(),
  }),
  example: { url: 'https://events.example.com/fairlead' },
  limit: { messages: 120, seconds: 60 },
  send: (
    { id, kind, title, lines, url: page, urgency, answerUrl, unsubscribeUrl, alert },
    { url, token },
    io,
  ) =>
    postJson(
      io,
      url,
      {
        ...{ specversion: '1.0', id, source: new URL(page).origin },
        type: typeOf(kind),
        ...(alert === null ? {} : { subject: `alert/${alert.id}` }),
        datacontenttype: 'application/json',
        data: {
          ...{ title, lines, url: page, urgency, ...alert },
          ...(answerUrl === null ? {} : { answerUrl }),
          ...(unsubscribeUrl === undefined ? {} : { unsubscribeUrl }),
        },
      },
      {
        'content-type': 'application/cloudevents+json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    ),
})
