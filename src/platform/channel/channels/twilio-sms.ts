import { defineChannel } from '../channel.ts'
import { createAtTwilio, twilioExample, twilioSettings } from '../twilio.ts'

/** https://www.twilio.com/docs/messaging/api/message-resource */
export default defineChannel({
  kind: 'twilio-sms',
  title: 'A text message to a phone, by Twilio',
  settings: twilioSettings,
  example: twilioExample,
  limit: { messages: 1, seconds: 1 },
  send: ({ title, url, answerUrl }, settings, io) =>
    createAtTwilio(io, settings, 'Messages', {
      Body: `${title}\n${answerUrl ?? url}`.slice(0, 1600),
    }),
})
