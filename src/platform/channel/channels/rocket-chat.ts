import { z } from 'zod'
import { chatText } from '../../markdown.ts'
import { defineChannel, postJson, textOf } from '../channel.ts'

/** Rocket.Chat refuses more than 5,000 characters, unless its settings say otherwise. */
const longest = 4800

/** https://docs.rocket.chat/docs/integrations; it shows the entities of Slack as they are. */
export default defineChannel({
  kind: 'rocket-chat',
  title: 'An incoming webhook of Rocket.Chat',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  example: { url: 'https://chat.example.com/hooks/x/XXXX' },
  limit: { messages: 5, seconds: 5 },
  send: (message, { url }, io) =>
    postJson(io, url, {
      text: textOf(
        { ...message, title: chatText(message.title), lines: message.lines.map(chatText) },
        longest,
      ),
    }),
})
