import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startMailServer } from '../../../test/support/mail.ts'
import { type ChannelIo, type ChannelKind, type Message, Refused, secondsOf } from './channel.ts'
import { channels } from './channels.generated.ts'

const kinds = channels as unknown as readonly ChannelKind[]

const message: Message = {
  ...{ id: 'notification-7', kind: 'opened', title: 'web <fails>', lines: ['Half of it.'] },
  ...{ url: 'https://fairlead.example.com/alerts/3', urgency: 'high' },
  answerUrl: 'https://fairlead.example.com/answer?key=k',
  alert: { id: 3, app: 'shop', environment: 'production', service: 'web', deployment: 9 },
}

/** What a server on this machine received. */
const received: { headers: Record<string, unknown>; body: string }[] = []
let status = 200
let answerHeaders: Record<string, string> = {}
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  received.push({ headers: request.headers, body })
  response.writeHead(status, answerHeaders).end()
}).listen(0, '127.0.0.1')
afterAll(() => server.close())
const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`

const kindOf = (kind: string): ChannelKind => kinds.find((one) => one.kind === kind)!
const io: ChannelIo = { fetch, mail: null, commands: null }

describe.each(channels)('channel $kind', (plugin) => {
  const kind = plugin as unknown as ChannelKind
  test('has an example that its settings accept, and refuses unknown settings', () => {
    expect(kind.settings.safeParse(kind.example).success).toBe(true)
    const more = { ...(kind.example as object), unknown: 1 }
    expect(kind.settings.safeParse(more).success).toBe(false)
  })
})

describe('a webhook', () => {
  test.each([
    ['slack', () => ({ url: urlOf() }), { text: expect.stringContaining('web &lt;fails&gt;') }],
    ['ntfy', () => ({ server: urlOf(), topic: 'x' }), { topic: 'x', priority: 5 }],
    [
      'cloudevents',
      () => ({ url: urlOf() }),
      {
        ...{ id: 'notification-7', subject: 'alert/3' },
        data: { answerUrl: 'https://fairlead.example.com/answer?key=k' },
      },
    ],
    ['teams', () => ({ url: urlOf() }), { attachments: [{ content: { actions: [{}, {}] } }] }],
    ['discord', () => ({ url: urlOf() }), { allowed_mentions: { parse: [] } }],
    [
      'rocket-chat',
      () => ({ url: urlOf() }),
      { text: expect.stringContaining('web <fails>\nHalf of it.\nhttps://fairlead') },
    ],
    [
      'telegram',
      () => ({ server: urlOf(), token: '1:a', chat: '-5' }),
      { chat_id: '-5', reply_markup: { inline_keyboard: [[{ text: 'Acknowledge' }]] } },
    ],
    [
      'pagerduty',
      () => ({ server: urlOf(), key: 'k' }),
      { event_action: 'trigger', dedup_key: 'fairlead.example.com/alerts/3' },
    ],
  ] as const)('%s receives the message', async (kind, settings, expected) => {
    status = 200
    const parsed = kindOf(kind).settings.parse(settings())
    await kindOf(kind).send(message, parsed, io)
    expect(JSON.parse(received.at(-1)?.body ?? '')).toMatchObject(expected)
  })

  test('that refuses is reported without its address', async () => {
    status = 403
    const sent = kindOf('slack').send(message, { url: urlOf() }, io)
    await expect(sent).rejects.toThrow(new Refused('it answered 403', { status: 403 }))
    status = 429
    answerHeaders = { 'retry-after': '7' }
    const full = await kindOf('slack')
      .send(message, { url: urlOf() }, io)
      .catch((error: unknown) => error)
    expect(full).toMatchObject({ message: 'it answered 429', full: 7 })
    answerHeaders = {}
    const away = kindOf('slack').send(message, { url: 'http://127.0.0.1:1/secret' }, io)
    await expect(away).rejects.toThrow(/^it cannot be reached$/)
  })
})

test('a channel that is full says for how long, in seconds or by a date', () => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const of = (value: string | null) => secondsOf(value, now)
  expect([of('30'), of('0.3'), of('86400'), of(null), of('soon')]).toEqual([30, 1, 3600, 10, 10])
  expect(of('Mon, 30 Nov 2026 12:01:30 GMT')).toBe(90)
  expect(of('Mon, 30 Nov 2026 11:00:00 GMT')).toBe(1)
})

describe('a message that is longer than what the service accepts', () => {
  const long = { ...message, title: `"${'t'.repeat(3000)}`, lines: ['l'.repeat(5000), '<b>'] }
  const bodyOf = async (kind: string, more: object, sent: Message = long) => {
    status = 200
    const { example, settings } = kindOf(kind)
    const parsed = settings.parse({ ...(example as object), ...more })
    await kindOf(kind).send(sent, parsed, io)
    return received.at(-1)?.body ?? ''
  }
  const json = async (kind: string, more: object, sent?: Message) =>
    JSON.parse(await bodyOf(kind, more, sent)) as Record<string, unknown>

  test.each([
    ['discord', { url: true }, 'content', 2000],
    ['rocket-chat', { url: true }, 'text', 4800],
    ['telegram', { server: true }, 'text', 4096],
  ])('is cut for %s, and keeps its links', async (kind, more, field, most) => {
    const settings = Object.fromEntries(Object.keys(more).map((key) => [key, urlOf()]))
    const text = String((await json(kind, settings))[field])
    expect(text).toHaveLength(most)
    expect(text).toContain('https://fairlead.example.com/alerts/3')
  })

  test('is cut for a text and a call, which keep their answers', async () => {
    const fields = async (kind: string) =>
      new URLSearchParams(await bodyOf(kind, { server: urlOf() }))
    const text = (await fields('twilio-sms')).get('Body') ?? ''
    expect(text).toHaveLength(1600)
    expect(text).toMatch(/…\nhttps:\/\/fairlead\.example\.com\/answer\?key=k$/)
    const quotes = { ...message, title: '"'.repeat(3000) }
    const call = new URLSearchParams(await bodyOf('twilio-voice', { server: urlOf() }, quotes))
    expect(call.get('Twiml')?.length).toBeLessThanOrEqual(4000)
    expect(call.get('Twiml')).toMatch(/<\/Gather><\/Response>$/)
  })

  test('is cut for Teams, whose card takes 28 KB with its links', async () => {
    const wide = { ...message, title: '界'.repeat(3000), lines: ['界'.repeat(5000), 'last'] }
    for (const sent of [wide, { ...wide, lines: ['](x'.repeat(9000)] }]) {
      const body = await bodyOf('teams', { url: urlOf() }, sent)
      expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024)
      expect(body).toContain('https://fairlead.example.com/answer?key=k')
    }
  })

  test('is cut for PagerDuty', async () => {
    const { payload } = await json('pagerduty', { server: urlOf() })
    expect((payload as { summary: string }).summary).toHaveLength(1024)
  })

  test('Telegram gets no button to a host without a public name, but the link', async () => {
    const local = { ...message, answerUrl: 'http://localhost:4400/answer?key=k' }
    const sent = await json('telegram', { server: urlOf() }, local)
    expect(sent).not.toHaveProperty('reply_markup')
    expect(sent['text']).toContain(local.answerUrl)
  })
})

describe('Twilio', () => {
  const settings = (kind: string) => {
    const { example } = kindOf(kind)
    return kindOf(kind).settings.parse({ ...(example as object), server: urlOf() })
  }
  const sent = async (kind: string) => {
    status = 201
    await kindOf(kind).send(message, settings(kind), io)
    const { headers, body } = received.at(-1)!
    expect(headers['authorization']).toBe(`Basic ${btoa(`AC${'0'.repeat(32)}:secret`)}`)
    return Object.fromEntries(new URLSearchParams(body))
  }

  test('sends a text with the link that acknowledges', async () => {
    expect(await sent('twilio-sms')).toEqual({
      ...{ From: '+43123456789', To: '+43987654321' },
      Body: 'web <fails>\nhttps://fairlead.example.com/answer?key=k',
    })
  })

  test('calls, and a key posts to the link', async () => {
    const { Twiml: twiml } = await sent('twilio-voice')
    expect(twiml).toContain('action="https://fairlead.example.com/answer?key=k"')
    expect(twiml).toContain('<Say>Fairlead. web &lt;fails&gt;.</Say>')
  })
})

test('a test of PagerDuty leaves no incident', async () => {
  status = 202
  const { settings, send } = kindOf('pagerduty')
  const test = { ...message, kind: 'test', alert: null } as const
  await send(test, settings.parse({ server: urlOf(), key: 'k' }), io)
  const events = received.slice(-2).map(({ body }) => JSON.parse(body) as { event_action: string })
  expect(events.map((one) => one.event_action)).toEqual(['trigger', 'resolve'])
})

test('a command gets the message on its input, and its exit code decides', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-channel-'))
  try {
    await writeFile(join(folder, 'pager'), `#!/bin/sh\ncat > ${folder}/got\n`)
    await writeFile(join(folder, 'broken'), '#!/bin/sh\nexit 3\n')
    for (const name of ['pager', 'broken']) await chmod(join(folder, name), 0o755)
    const command = kindOf('command')
    await command.send(message, { command: 'pager' }, { ...io, commands: folder })
    expect(JSON.parse(await readFile(join(folder, 'got'), 'utf8'))).toEqual(message)
    const broken = command.send(message, { command: 'broken' }, { ...io, commands: folder })
    await expect(broken).rejects.toThrow('it ended with 3')
    await expect(command.send(message, { command: 'pager' }, io)).rejects.toThrow('no folder')
    expect(command.settings.safeParse({ command: '../x' }).success).toBe(false)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('an e-mail is sent by SMTP with an id that stays the same', async () => {
  const { url, lines, close } = await startMailServer()
  try {
    const mail = { url, from: 'fairlead@example.com' }
    await kindOf('email').send(message, { to: 'ada@example.com' }, { ...io, mail })
    const text = lines.join('\n')
    expect(text).toMatch(/^Message-ID: <notification-7@fairlead\.example\.com>$/m)
    expect(text).toMatch(/^Subject: web <fails>$/m)
    expect(text).toContain('RCPT TO:<ada@example.com>')
    expect(text).not.toContain('List-Unsubscribe')
    const unsubscribeUrl = 'https://status.example.com/unsubscribe/x'
    const ended = { ...message, unsubscribeUrl }
    await kindOf('email').send(ended, { to: 'ada@example.com' }, { ...io, mail })
    expect(lines).toContain(`List-Unsubscribe: <${unsubscribeUrl}>`)
    expect(lines).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
    const without = kindOf('email').send(message, { to: 'ada@example.com' }, io)
    await expect(without).rejects.toThrow('no mail server is configured')
  } finally {
    close()
  }
})
