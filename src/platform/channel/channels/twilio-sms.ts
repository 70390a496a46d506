import { defineChannel, shorten } from '../channel.ts'
import { createAtTwilio, twilioExample, twilioSettings } from '../twilio.ts'

/** Characters of a text message. */
const longest = 1600

/** https://www.twilio.com/docs/messaging/api/message-resource */
export default defineChannel({
  kind: 'twilio-sms',
  title: 'A text message to a phone, by Twilio',
  settings: twilioSettings,
  example: twilioExample,
  limit: { messages: 1, seconds: 1 },
  send: ({ title, url, answerUrl }, settings, io) => {
    const link = answerUrl ?? url
    return createAtTwilio(io, settings, 'Messages', {
      Body: `${shorten(title, longest - link.length - 1)}\n${link}`,
    })
  },
})
