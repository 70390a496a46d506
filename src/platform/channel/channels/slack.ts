import { z } from 'zod'
import { chatText } from '../../markdown.ts'
import { defineChannel, postJson, textOf } from '../channel.ts'

/** https://api.slack.com/messaging/webhooks; other chats accept the same. */
export default defineChannel({
  kind: 'slack',
  title: 'An incoming webhook of Slack or Mattermost',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  example: { url: 'https://hooks.slack.com/services/T000/B000/XXXX' },
  limit: { messages: 5, seconds: 5 },
  send: (message, { url }, io) =>
    postJson(io, url, {
      // Slack reads these characters as markup: https://api.slack.com/reference/surfaces/formatting
      text: chatText(textOf(message))
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;'),
    }),
})
