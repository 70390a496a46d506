import { defineChannel, shorten } from '../channel.ts'
import { createAtTwilio, twilioExample, twilioSettings } from '../twilio.ts'
import { escapeMarkup } from '../markup.ts'

/**
 * Calls a phone and reads the message; a key acknowledges it.
 * https://www.twilio.com/docs/voice/twiml/gather
 */
export default defineChannel({
  kind: 'twilio-voice',
  title: 'A call to a phone, by Twilio; key 1 acknowledges, key 2 passes on',
  settings: twilioSettings,
  example: twilioExample,
  limit: { messages: 1, seconds: 1 },
  send: ({ title, answerUrl }, settings, io) => {
    const say = (text: string): string => `<Say>${escapeMarkup(text)}</Say>`
    // With its escapes, a text of this length stays below the 4,000 characters of a `Twiml`.
    const words = shorten(`Fairlead. ${title}.`, 500)
    const keys = 'Press 1 to acknowledge, or 2 if it is not yours.'
    const asked =
      answerUrl === null
        ? say(words)
        : `<Gather numDigits="1" timeout="10" action="${escapeMarkup(answerUrl)}">` +
          `${say(words)}${say(keys)}${say(keys)}</Gather>`
    return createAtTwilio(io, settings, 'Calls', { Twiml: `<Response>${asked}</Response>` })
  },
})
