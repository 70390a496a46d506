import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Channel } from '#contract/alert/alert.ts'
import { type ChannelIo, type ChannelKind, type Message, Refused } from './channel.ts'
import { channels } from './channels.generated.ts'
import { ownersOf, readCodeowners } from './codeowners.ts'
import { nextChannel, pauseAfter, recipientsOf } from './recipients.ts'
import { suspectsOf } from './suspects.ts'

const kinds = channels as unknown as readonly ChannelKind[]

describe('CODEOWNERS', () => {
  const rules = readCodeowners(`# comment
*       @everyone
*.js    @js # frontend
/build/ @build
docs/*  docs@example.com
apps/   @apps
/apps/github
**/logs @logs
`)
  test.each([
    ['README.md', ['@everyone']],
    ['deep/inside.js', ['@js']],
    ['build/logs2/x', ['@build']],
    ['other/build/x', ['@everyone']],
    ['docs/start.md', ['docs@example.com']],
    ['docs/deep/start.md', ['@everyone']],
    ['lib/apps/x.md', ['@apps']],
    ['apps/github/x', []],
    ['a/b/logs/x', ['@logs']],
  ])('%s belongs to %s', (path, owners) => expect(ownersOf(rules, path)).toEqual(owners))

  test('sections are independent, and have default owners', () => {
    const sections = readCodeowners('[Docs][2] @writers\n*.md\n^[Ruby]\n*.rb @ruby\nx.md @x\n')
    expect(ownersOf(sections, 'x.md')).toEqual(['@writers', '@x'])
  })
})

describe('suspects', () => {
  const commit = (sha: string, author: string, files: string[]) => ({
    ...{ sha: sha.repeat(40), subject: `change ${sha}`, author, files },
    email: `${author.toLowerCase()}@example.com`,
  })
  const users = ['Ada', 'Bob', 'Cy'].map((name) => ({
    name,
    email: name === 'Bob' ? null : `${name.toLowerCase()}@example.com`,
  }))
  const facts = {
    commits: [
      commit('a', 'Bob', ['x.js']),
      commit('b', 'Bob', ['y.js']),
      commit('c', 'Ada', ['z.rb']),
    ],
    ...{ configuration: null, codeowners: null, users },
  }

  test('authors of more commits come first', () => {
    expect(suspectsOf(facts).map(({ name, user }) => [name, user])).toEqual([
      ['Bob', 'Bob'],
      ['Ada', 'Ada'],
    ])
  })

  test('an author who owns what changed comes before one who does not', () => {
    const [first, , third] = suspectsOf({ ...facts, codeowners: '*.rb @Ada\n*.js @cy' })
    expect(first).toMatchObject({
      name: 'Ada',
      reason: 'they wrote ccccccc (change c) and own z.rb',
    })
    expect(third).toMatchObject({ name: 'Cy', reason: 'they own x.js, which changed' })
  })

  test('who changed the configuration comes first; nobody is suspected without a change', () => {
    const configuration = { actor: 'Cy', version: 4 }
    expect(suspectsOf({ ...facts, configuration })[0]).toMatchObject({ name: 'Cy', user: 'Cy' })
    expect(suspectsOf({ ...facts, commits: [] })).toEqual([])
  })
})

describe('recipients', () => {
  const channel = (name: string, more: Partial<Channel> = {}): Channel => ({
    ...{ name, kind: 'ntfy', person: null, urgency: 'low', created: '', proven: null, ...more },
  })
  const all = [
    channel('ada-phone', { person: 'Ada', urgency: 'high' }),
    channel('ada-mail', { person: 'Ada' }),
    channel('team'),
  ]
  const suspect = (name: string) => ({ name, email: null, user: name, reason: 'they wrote it' })

  test('each suspect on one channel, and the shared ones', () => {
    const { recipients, missing } = recipientsOf('high', [suspect('Ada'), suspect('Bob')], all)
    expect(recipients.map((one) => [one.channel, one.person])).toEqual([
      ['ada-phone', 'Ada'],
      ['team', null],
    ])
    expect(missing).toEqual(['Bob'])
    const low = recipientsOf('low', [suspect('Ada')], all).recipients
    expect(low.map((one) => one.channel)).toEqual(['ada-mail', 'team'])
  })

  test('after a failure, the next channel of the person', () => {
    expect(nextChannel({ channel: 'ada-phone', person: 'Ada' }, 'high', all)).toBe('ada-mail')
    expect(nextChannel({ channel: 'ada-mail', person: 'Ada' }, 'high', all)).toBeNull()
    expect(nextChannel({ channel: 'team', person: null }, 'high', all)).toBeNull()
    expect([1, 4, 5].map(pauseAfter)).toEqual([5, 300, null])
  })
})

const message: Message = {
  ...{ id: 'notification-7', kind: 'opened', title: 'web <fails>', lines: ['Half of it.'] },
  ...{ url: 'https://fairlead.example.com/alerts/3', urgency: 'high' },
  alert: { id: 3, app: 'shop', environment: 'production', service: 'web', deployment: 9 },
}

/** What a server on this machine received. */
const received: { headers: Record<string, unknown>; body: string }[] = []
let status = 200
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  received.push({ headers: request.headers, body })
  response.writeHead(status).end()
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
    ['cloudevents', () => ({ url: urlOf() }), { id: 'notification-7', subject: 'alert/3' }],
  ] as const)('%s receives the message', async (kind, settings, expected) => {
    status = 200
    await kindOf(kind).send(message, settings(), io)
    expect(JSON.parse(received.at(-1)?.body ?? '')).toMatchObject(expected)
  })

  test('that refuses is reported without its address', async () => {
    status = 403
    const sent = kindOf('slack').send(message, { url: urlOf() }, io)
    await expect(sent).rejects.toThrow(new Refused('it answered 403'))
    const away = kindOf('slack').send(message, { url: 'http://127.0.0.1:1/secret' }, io)
    await expect(away).rejects.toThrow(/^it cannot be reached$/)
  })
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
  const lines: string[] = []
  const smtp = createTcpServer((socket) => {
    let isData = false
    socket.write('220 test\r\n')
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\r\n')) {
        lines.push(line)
        if (isData) {
          if (line === '.') {
            isData = false
            socket.write('250 ok\r\n')
          }
          continue
        }
        const [verb = ''] = line.toUpperCase().split(' ')
        if (verb === 'EHLO') socket.write('250 test\r\n')
        else if (verb === 'MAIL' || verb === 'RCPT') socket.write('250 ok\r\n')
        else if (verb === 'DATA') {
          isData = true
          socket.write('354 go\r\n')
        } else if (verb === 'QUIT') socket.end('221 bye\r\n')
      }
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  try {
    const url = `smtp://127.0.0.1:${(smtp.address() as AddressInfo).port}?ignoreTLS=true`
    const mail = { url, from: 'fairlead@example.com' }
    await kindOf('email').send(message, { to: 'ada@example.com' }, { ...io, mail })
    const text = lines.join('\n')
    expect(text).toMatch(/^Message-ID: <notification-7@fairlead\.example\.com>$/m)
    expect(text).toMatch(/^Subject: web <fails>$/m)
    expect(text).toContain('RCPT TO:<ada@example.com>')
    const without = kindOf('email').send(message, { to: 'ada@example.com' }, io)
    await expect(without).rejects.toThrow('no mail server is configured')
  } finally {
    smtp.close()
  }
})
