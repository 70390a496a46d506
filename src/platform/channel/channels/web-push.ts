import type { z } from 'zod'
import { subscription } from '#contract/alert/alert.ts'
import { defineChannel, type Message, postBytes, Refused } from '../channel.ts'

/** Seconds for which a push service keeps a message for a browser that is not running. */
const ttl = 86_400
/** A push service takes 4,096 encrypted bytes (RFC 8291); a character may be three of them. */
const longest = { title: 200, body: 700 }

/**
 * A browser, by Web Push (RFC 8030, 8291, 8292). The console makes the settings: the subscription
 * of the browser, and the key pair that only this subscription has.
 */
export default defineChannel({
  kind: 'web-push',
  title: 'A browser, added with "Add this browser" on the page of channels',
  settings: subscription,
  example: {
    endpoint: 'https://push.example.com/send/x7f2',
    p256dh:
      'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    publicKey:
      'BDd3_hVL9fZi9Ybo2UUzA284WG5FZR30_95YeZJsiApwXKpNcF1rRPF3foIiBHXRdJI2Qhumhf6_LFTeZaNndIo',
    privateKey: 'cD5nyG4MgSJ7J-KQgnfwqI2S9mkMbZh5XFgNe3RMwKA',
  },
  limit: { messages: 30, seconds: 60 },
  send: async (message, settings, io) => {
    const { headers, body } = await requestOf(message, settings)
    // `fetch` computes the length itself.
    const { 'Content-Length': _length, ...others } = headers as Record<string, string>
    try {
      await postBytes(io, settings.endpoint, new Uint8Array(body ?? []), others)
    } catch (error) {
      if (error instanceof Refused && (error.status === 404 || error.status === 410))
        throw new Refused('the browser has ended its subscription; add it again', error)
      throw error
    }
  },
})

async function requestOf(
  message: Message,
  { endpoint, p256dh, auth, publicKey, privateKey }: z.output<typeof subscription>,
) {
  const { default: webPush } = await import('web-push')
  try {
    return webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify(payloadOf(message)),
      {
        vapidDetails: { subject: subjectOf(message.url), publicKey, privateKey },
        TTL: ttl,
        urgency: message.urgency === 'high' && message.kind === 'opened' ? 'high' : 'normal',
        // A later message of an alert takes the place of one that has not arrived.
        ...(message.alert && { topic: `alert-${message.alert.id}` }),
      },
    )
  } catch (error) {
    throw new Refused('its keys are not valid; add the browser again', { cause: error })
  }
}

/** What the service worker `push.js` of the console shows. */
const payloadOf = ({ id, title, lines, url, answerUrl, alert }: Message) => ({
  title: title.slice(0, longest.title),
  body: lines.join('\n').slice(0, longest.body),
  tag: alert === null ? id : `alert-${alert.id}`,
  url,
  answerUrl,
})

/** Whom a push service can reach: the installation, if it has a public address. */
const subjectOf = (url: string): string =>
  url.startsWith('https:') ? new URL(url).origin : 'mailto:fairlead@localhost'
