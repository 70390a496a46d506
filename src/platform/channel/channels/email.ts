import { z } from 'zod'
import { defineChannel, type Message, Refused, sendTimeout, textOf } from '../channel.ts'

/** The mail server is that of the installation: FAIRLEAD_SMTP_URL and FAIRLEAD_MAIL_FROM. */
export default defineChannel({
  kind: 'email',
  title: 'An e-mail address',
  settings: z.strictObject({ to: z.email().max(254) }),
  example: { to: 'ada@example.com' },
  limit: { messages: 30, seconds: 60 },
  send: async (message, { to }, { mail }) => {
    if (mail === null)
      throw new Refused(
        'no mail server is configured; set FAIRLEAD_SMTP_URL and FAIRLEAD_MAIL_FROM',
      )
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      url: mail.url,
      connectionTimeout: sendTimeout,
      greetingTimeout: sendTimeout,
      socketTimeout: sendTimeout,
    })
    const host = new URL(message.url).hostname
    try {
      await transport.sendMail({
        ...{ from: mail.from, to, subject: message.title, text: textOf(message) },
        messageId: `<${message.id}@${host}>`,
        // All messages of an alert are one conversation.
        ...(message.alert ? { references: `<alert-${message.alert.id}@${host}>` } : {}),
        headers: { 'Auto-Submitted': 'auto-generated', ...unsubscribeHeaders(message) },
      })
    } catch (error) {
      const { responseCode } = error as { responseCode?: number }
      throw new Refused(
        responseCode === undefined
          ? 'the mail server cannot be reached'
          : `the mail server answered ${responseCode}`,
        { cause: error },
      )
    } finally {
      transport.close()
    }
  },
})

/** One click ends a subscription, by RFC 8058. */
const unsubscribeHeaders = ({
  unsubscribeUrl,
}: Pick<Message, 'unsubscribeUrl'>): Record<string, string> =>
  unsubscribeUrl === undefined
    ? {}
    : {
        'List-Unsubscribe': `<${unsubscribeUrl}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }
