import { once } from 'node:events'
import { get, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { server } from './support/canary.ts'
import { isAlive } from './support/host.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processOf } from './support/processes.ts'
import { type MailServer, startMailServer } from './support/mail.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

let installation: Installation
let mail: MailServer
/** The port of the edge, which serves the page. */
let port = ''
let repository: Repository
beforeAll(async () => {
  mail = await startMailServer()
  installation = await startInstallation({
    database: 'embedded',
    env: { FAIRLEAD_SMTP_URL: mail.url, FAIRLEAD_MAIL_FROM: 'status@example.com' },
  })
  repository = await makeRepository({
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /health}}\n' +
      'environments: {production: {}}\n',
    'server.js': server('one'),
  })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
  mail.close()
})

test('with server and database killed, the page answers, and is soon unknown', async () => {
  await push(installation, 'shop', repository)
  const [run] = (await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })).runs
  await endedRun(installation, run!.id)
  let address = ''
  await waitFor('the app is operational on the page', async () => {
    const answer = await installation.client.listStatusComponents()
    address = answer.address ?? ''
    return answer.components[0]?.state === 'operational'
  })
  port = new URL(address).port
  const read = async () => {
    const asked = get({
      ...{ host: '127.0.0.1', port, path: '/api/v2/components.json', agent: false },
      headers: { host: `status.localhost:${port}` },
    })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return JSON.parse(await text(response)) as { components: { status: string }[] }
  }
  const database = await processOf(installation, 'database')
  await installation.killServer()
  process.kill(database, 'SIGKILL')
  const killed = Date.now()
  await waitFor('the database is gone', async () => !isAlive(database))
  expect((await read()).components[0]?.status).toBe('operational')
  await waitFor(
    'the page says unknown',
    async () => (await read()).components[0]?.status === 'unknown',
    90,
  )
  expect(Date.now() - killed).toBeLessThan(65_000)
}, 180_000)

test('what readers ask for while the server is down is done when it is back', async () => {
  const post = async (path: string, body: string) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, path, method: 'POST', agent: false },
      headers: {
        host: `status.localhost:${port}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
    }).end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode
  }
  expect(await post('/subscribe', 'email=ada%40example.com&app=shop')).toBe(202)
  await installation.start()
  await waitFor('the address is asked', async () =>
    mail.lines.includes('RCPT TO:<ada@example.com>'),
  )
  // The e-mail arrives line by line, and a long one is broken with an equals sign.
  const tokenIn = (text: string) => /\/confirm\/([\w-]{43})/.exec(text)?.[1] ?? ''
  const readToken = () => tokenIn(mail.lines.join('\n').replace(/=\n/g, ''))
  await waitFor('the e-mail is there', async () => readToken() !== '')
  const token = readToken()
  const subscriptions = async () =>
    (await installation.client.listStatusSubscriptions()).subscriptions
  expect(await post(`/confirm/${token}`, '')).toBe(202)
  await waitFor('it is confirmed', async () => (await subscriptions()).length === 1)
  expect(await subscriptions()).toMatchObject([{ kind: 'email', apps: null, components: null }])
  expect(await post(`/unsubscribe/${token}`, 'List-Unsubscribe=One-Click')).toBe(202)
  await waitFor('it has ended', async () => (await subscriptions()).length === 0)
}, 180_000)
