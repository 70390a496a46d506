import { expect, test } from 'vitest'
import { foreign } from '../../../test/support/foreign-markup.ts'
import { startMailServer } from '../../../test/support/mail.ts'
import type { ChannelIo, Message } from './channel.ts'
import discord from './channels/discord.ts'
import email from './channels/email.ts'
import rocketChat from './channels/rocket-chat.ts'
import slack from './channels/slack.ts'
import teams from './channels/teams.ts'
import telegram from './channels/telegram.ts'
import twilioVoice from './channels/twilio-voice.ts'

const message: Message = {
  ...{ id: 'x', kind: 'opened', title: foreign, lines: [foreign, 'from ada@example.com, @bob'] },
  ...{ url: 'http://f.test/alerts/1', urgency: 'high', answerUrl: null, alert: null },
}
const url = 'https://chat.example.com/hook'
const twilio = { account: 'AC1', token: 't', from: '+1', to: '+2', server: 'https://t.example.com' }

/** What a channel sends over HTTP. */
async function bodyOf(send: (io: ChannelIo) => Promise<void>): Promise<string> {
  let body = ''
  const io: ChannelIo = {
    ...{ mail: null, commands: null },
    fetch: async (_url, init) => {
      body = init?.body as string
      return new Response('ok')
    },
  }
  await send(io)
  return body
}

test.each([
  ['slack', (io: ChannelIo) => slack.send(message, { url }, io)],
  ['discord', (io: ChannelIo) => discord.send(message, { url }, io)],
  ['rocket-chat', (io: ChannelIo) => rocketChat.send(message, { url }, io)],
  ['teams', (io: ChannelIo) => teams.send(message, { url }, io)],
])('foreign markup makes no link and notifies nobody in %s', async (kind, send) => {
  const texts = textsIn(JSON.parse(await bodyOf(send)))
  expect(texts.join('\n')).toContain('bank')
  expect(texts.join('\n')).toContain('ada@example.com')
  for (const text of texts) {
    expect(text).not.toMatch(/\]\(|\]:|\]\[/)
    expect(text).not.toMatch(/(?:^|\W)@(?:channel|bob)/)
    if (kind === 'slack') expect(text).not.toMatch(/[<>]/)
  }
})

const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : []

test('Telegram reads no markup, and a call says it as text', async () => {
  const token = { token: '1:a', chat: '1', server: 'https://telegram.example.com' }
  const chat = await bodyOf((io) => telegram.send(message, token, io))
  expect(JSON.parse(chat)).not.toHaveProperty('parse_mode')
  const call = new URLSearchParams(await bodyOf((io) => twilioVoice.send(message, twilio, io)))
  expect(call.get('Twiml')?.match(/<[a-z]+/gi)).toEqual(['<Response', '<Say'])
})

test('foreign text adds no header to an e-mail, no reader and no HTML', async () => {
  const mail = await startMailServer()
  const title = `${foreign}\r\nBcc: eve@example.com\r\n\r\n<b>body</b>`
  const io = { fetch, commands: null, mail: { url: mail.url, from: 'f@example.com' } }
  await email.send({ ...message, title }, { to: 'ada@example.com' }, io)
  mail.close()
  const data = mail.lines.slice(mail.lines.indexOf('DATA') + 1)
  const headers = data.slice(0, data.indexOf(''))
  expect(headers.filter((line) => /^bcc:/i.test(line))).toEqual([])
  expect(mail.lines.filter((line) => line.startsWith('RCPT'))).toEqual([
    'RCPT TO:<ada@example.com>',
  ])
  expect(headers).toContainEqual(expect.stringMatching(/^Content-Type: text\/plain/))
})
