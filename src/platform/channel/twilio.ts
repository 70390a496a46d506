import { z } from 'zod'
import { type ChannelIo, postForm } from './channel.ts'

const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number such as +43123456789')

/** Settings of the channels that use Twilio. */
export const twilioSettings = z.strictObject({
  account: z.string().regex(/^AC[0-9a-f]{32}$/, 'must be an account SID, which begins with AC'),
  token: z.string().min(1).max(100),
  from: phone,
  to: phone,
  server: z.url({ protocol: /^https?$/ }).default('https://api.twilio.com'),
})

export const twilioExample = {
  ...{ account: `AC${'0'.repeat(32)}`, token: 'secret' },
  ...{ from: '+43123456789', to: '+43987654321' },
}

/** Creates a message or a call: https://www.twilio.com/docs/usage/api */
export const createAtTwilio = (
  io: ChannelIo,
  { account, token, from, to, server }: z.output<typeof twilioSettings>,
  resource: 'Messages' | 'Calls',
  more: Record<string, string>,
): Promise<void> =>
  postForm(
    io,
    `${server.replace(/\/$/, '')}/2010-04-01/Accounts/${account}/${resource}.json`,
    { From: from, To: to, ...more },
    { authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}` },
  )
