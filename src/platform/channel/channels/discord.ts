import { z } from 'zod'
import { chatText } from '../../markdown.ts'
import { defineChannel, postJson, textOf } from '../channel.ts'

/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
export default defineChannel({
  kind: 'discord',
  title: 'A webhook of a Discord channel',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  example: { url: 'https://discord.com/api/webhooks/1/XXXX' },
  limit: { messages: 5, seconds: 2 },
  send: (message, { url }, io) =>
    // Nobody is mentioned, whatever a commit subject contains.
    postJson(io, url, {
      content: textOf(
        { ...message, title: chatText(message.title), lines: message.lines.map(chatText) },
        2000,
      ),
      allowed_mentions: { parse: [] },
    }),
})
