import { z } from 'zod'
import { defineChannel, type Message, postJson, textOf } from '../channel.ts'

/** https://core.telegram.org/bots/api#sendmessage */
export default defineChannel({
  kind: 'telegram',
  title: 'A chat with a bot of Telegram',
  settings: z.strictObject({
    token: z.string().regex(/^\d{1,20}:[\w-]{1,100}$/, 'must be the token of a bot'),
    chat: z.string().regex(/^-?\d{1,20}$|^@\w{1,64}$/, 'must be the number of a chat, or @NAME'),
    server: z.url({ protocol: /^https?$/ }).default('https://api.telegram.org'),
  }),
  example: { token: '123456:ABC-DEF', chat: '-1001234' },
  limit: { messages: 20, seconds: 60 },
  send: (message, { token, chat, server }, io) =>
    postJson(io, `${server.replace(/\/$/, '')}/bot${token}/sendMessage`, {
      ...{ chat_id: chat, text: textOf(withoutButton(message), 4096) },
      link_preview_options: { is_disabled: true },
      disable_notification: message.urgency === 'low',
      ...(hasButton(message) && {
        reply_markup: { inline_keyboard: [[{ text: 'Acknowledge', url: message.answerUrl }]] },
      }),
    }),
})

/** Telegram refuses a message with a button whose address is on no public host. */
const hasButton = ({ answerUrl }: Message): boolean =>
  answerUrl !== null && new URL(answerUrl).hostname.includes('.')

/** The link is in the text when there is no button for it. */
const withoutButton = (message: Message): Message =>
  hasButton(message) ? { ...message, answerUrl: null } : message
