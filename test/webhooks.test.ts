import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebhookDelivery } from '#contract/webhook/webhook.ts'
import { endedRun } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { pushes, type Sent, standard } from './support/forge.ts'
import { isLong, longTest } from './support/scale.ts'

const zeros = '0'.repeat(40)
const pipeline = 'steps: {test: {run: "true"}}\n'

describe('a delivery', () => {
  let installation: Installation
  beforeAll(async () => {
    // Polling is off: every change is announced by a delivery.
    installation = await startInstallation({ env: { FAIRLEAD_POLL_SECONDS: '3600' } })
  })
  afterAll(() => installation.stop())

  const send = async (
    app: string,
    { headers, body }: { headers: Record<string, string>; body: string | Buffer },
  ) => {
    const answer = await fetch(`${installation.url}/webhooks/${app}`, {
      method: 'POST',
      headers,
      body: body as string,
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const deliveries = async (app: string): Promise<WebhookDelivery[]> =>
    (await installation.client.listWebhookDeliveries({ params: { app } })).deliveries
  const outcome = async (app: string, number: unknown): Promise<WebhookDelivery> => {
    await waitFor(`delivery ${String(number)} ends`, async () => {
      const one = (await deliveries(app)).find((delivery) => delivery.number === number)
      return one !== undefined && one.state !== 'pending'
    })
    return (await deliveries(app)).find((one) => one.number === number)!
  }
  /** Registers an app of a remote repository with a webhook, and delivers it once. */
  const watched = async (
    app: string,
  ): Promise<{ repository: Repository; head: string; secret: string }> => {
    const repository = await makeRepository({ 'fairlead.yaml': pipeline })
    const head = (await repository.git('rev-parse', 'HEAD')).trim()
    await installation.client.createApp({
      body: {
        name: app,
        repository: { kind: 'url', url: `file://${repository.folder}` },
        branch: 'main',
      },
    })
    // A new app is polled once; wait for that before the first delivery.
    await waitFor('the first poll', async () => (await runsOf(app)).length === 1)
    const { secret } = await installation.client.putWebhook({ params: { app } })
    const first = await send(app, pushes['github']!(secret, { before: zeros, after: head }))
    await outcome(app, first.body['number'])
    return { repository, head, secret }
  }
  const runsOf = async (app: string) =>
    (await installation.client.listRuns({ query: { app, limit: 500 } })).runs

  // `src/domains/forge` tests the formats of the others.
  const kinds = isLong ? Object.keys(pushes) : ['github', 'cloudevents structured']
  test.each(kinds)('from %s starts a run of the pushed commit', async (name) => {
    const app = `by-${name.replaceAll(' ', '-')}`
    const { repository, head, secret } = await watched(app)
    const after = await repository.commit({ 'a.txt': 'two' })
    const { status, body } = await send(app, pushes[name]!(secret, { before: head, after }))
    expect(status).toBe(202)
    const delivery = await outcome(app, body['number'])
    expect(delivery).toMatchObject({
      forge: name.split(' ')[0],
      state: 'done',
      outcome: 'a new change',
      change: after,
    })
    expect(await endedRun(installation, delivery.run!)).toMatchObject({
      change: { sha: after },
      state: 'succeeded',
    })
    expect(await runsOf(app)).toHaveLength(2)
    const { events } = await installation.client.listEvents({
      query: { app, type: 'dev.cdevents.change.merged' },
    })
    const onBehalfOf = name.startsWith('cloudevents') ? {} : { onBehalfOf: 'octo' }
    expect(events.find(({ actor }) => actor === name.split(' ')[0])?.by).toEqual({
      credential: 'webhook',
      address: '127.0.0.1',
      ...onBehalfOf,
    })
  })

  test('with the same ID or content is stored once, unless its branch moved in between', async () => {
    const { repository, head, secret } = await watched('again')
    const after = await repository.commit({ 'a.txt': 'two' })
    const there = { before: head, after }
    const back = { before: after, after: head }
    const one = await send('again', pushes['github']!(secret, { ...there, id: 'one' }))
    const same = await send('again', pushes['github']!(secret, { ...there, id: 'one' }))
    expect(same.body).toMatchObject({ number: one.body['number'], isRepeat: true })
    const content = await send('again', pushes['github']!(secret, { ...there, id: 'two' }))
    expect(content.body).toMatchObject({ state: 'ignored', isRepeat: true })
    await outcome('again', one.body['number'])
    await repository.git('reset', '--quiet', '--hard', head)
    await outcome('again', (await send('again', pushes['github']!(secret, back))).body['number'])
    await repository.git('reset', '--quiet', '--hard', after)
    const forth = await send('again', pushes['github']!(secret, there))
    expect(forth.body).toMatchObject({ state: 'pending', isRepeat: false })
    expect(await outcome('again', forth.body['number'])).toMatchObject({
      state: 'done',
      change: after,
    })
    const all = await deliveries('again')
    expect(all.find((delivery) => delivery.number === one.body['number'])).toMatchObject({
      repeats: 1,
    })
    expect(all.find((delivery) => delivery.number === content.body['number'])).toMatchObject({
      repeatOf: one.body['number'],
      outcome: `the same as delivery ${String(one.body['number'])}`,
    })
    expect((await runsOf('again')).map(({ change }) => change.sha)).toEqual([
      after,
      head,
      after,
      head,
    ])
  })

  test('is refused when forged, changed, expired, unsigned, unknown or too large, and counted', async () => {
    const { head, secret } = await watched('forged')
    const push = { before: zeros, after: head }
    const good = pushes['github']!(secret, push)
    const gitlab = pushes['gitlab signed']!(secret, push)
    const event = { 'x-gitlab-event': 'Push Hook' }
    const wrong: [string, Sent][] = [
      ...Object.entries(pushes).map(([name, sign]): [string, Sent] => [
        name,
        sign('whsec_b3RoZXI=', push),
      ]),
      ['changed', { ...good, body: good.body.replace('main', 'evil') }],
      ['cut', { ...good, body: good.body.slice(0, -3) }],
      ['unsigned', { ...good, headers: { 'x-github-event': 'push' } }],
      ['of nobody', { ...good, headers: {} }],
      [
        'not hex',
        {
          ...good,
          headers: { ...good.headers, 'x-hub-signature-256': `sha256=${'z'.repeat(64)}` },
        },
      ],
      ['sha1', { ...good, headers: { ...good.headers, 'x-hub-signature-256': 'sha1=0' } }],
      [
        'an hour old',
        {
          ...gitlab,
          headers: {
            ...event,
            ...standard(secret, 'x', gitlab.body, Math.floor(Date.now() / 1000) - 3600),
          },
        },
      ],
      // A valid token does not excuse an invalid signature.
      [
        'rescued',
        {
          ...gitlab,
          headers: { ...gitlab.headers, 'webhook-id': 'other', 'x-gitlab-token': secret },
        },
      ],
    ]
    for (const [name, request] of wrong)
      expect([name, (await send('forged', request)).status]).toEqual([name, 401])
    const { webhook } = await installation.client.getWebhook({ params: { app: 'forged' } })
    expect(webhook).toMatchObject({
      refused: wrong.length,
      refusal: expect.stringContaining('refused'),
    })
    expect(JSON.stringify(webhook)).not.toContain(secret)
    expect((await send('nobody', good)).body).toMatchObject({
      title: 'The webhook delivery was refused: the app has no webhook.',
    })

    const token = pushes['gitlab by token']!(secret, push)
    const cut = await send('forged', { ...token, body: token.body.slice(0, 20) })
    expect(cut).toMatchObject({ status: 400, body: { title: 'body: is not JSON.' } })
    const field = await send('forged', { ...token, body: token.body.replace(head, '../../etc') })
    expect(field).toMatchObject({
      status: 400,
      body: { title: 'after: is not the id of a commit.' },
    })
    expect(await deliveries('forged')).toHaveLength(1)

    const large = await fetch(`${installation.url}/webhooks/forged`, {
      method: 'POST',
      headers: good.headers,
      body: Buffer.alloc(50 * 1024 * 1024, 'x'),
    }).catch((error: Error) => error)
    // The answer may come while the rest is still being sent, which some clients take for a broken
    // connection.
    expect(large instanceof Error || large.status === 413).toBe(true)
    expect((await installation.client.health()).status).toBe('ok')
  })

  longTest(
    'is retried while its repository is unavailable, and ignored for another branch',
    async () => {
      const { repository, head, secret } = await watched('away')
      const after = await repository.commit({ 'a.txt': 'two' })
      const { rename } = await import('node:fs/promises')
      await rename(repository.folder, `${repository.folder}-away`)
      const { body } = await send('away', pushes['gitea']!(secret, { before: head, after }))
      const find = async () =>
        (await deliveries('away')).find(({ number }) => number === body['number'])
      await waitFor('it was tried', async () => ((await find())?.tries ?? 0) > 0)
      expect(await find()).toMatchObject({
        state: 'pending',
        outcome: expect.stringContaining('cannot be used'),
      })
      await rename(`${repository.folder}-away`, repository.folder)
      expect(await outcome('away', body['number'])).toMatchObject({ state: 'done', change: after })

      const other = await send(
        'away',
        pushes['gitea']!(secret, { ref: 'refs/heads/x', before: zeros, after: head }),
      )
      expect(await outcome('away', other.body['number'])).toMatchObject({
        state: 'ignored',
        outcome: 'not a push to main, the delivered branch',
      })
    },
  )

  longTest(
    'accepts the previous secret for a day, and is listed, replayed and deleted by command',
    async () => {
      const { head, secret } = await watched('turned')
      const made = await installation.cli('webhook', 'create', 'turned')
      const fresh = /Secret +(\S+)/.exec(made.stdout)![1]!
      expect(made.stdout).toContain(
        `${installation.url.replace('127.0.0.1', 'localhost')}/webhooks/turned`,
      )
      expect(fresh).not.toBe(secret)
      for (const [index, one] of [secret, fresh].entries())
        expect(
          (
            await send(
              'turned',
              pushes['github']!(one, { before: zeros, after: head, id: `t${index}` }),
            )
          ).status,
        ).toBe(202)
      const [newest] = await deliveries('turned')
      const listed = await installation.cli('webhook', 'deliveries', 'turned')
      expect(listed.stdout).toMatch(/github +push +main/)
      expect(
        (await installation.cli('webhook', 'replay', 'turned', String(newest!.number))).code,
      ).toBe(0)
      expect(await outcome('turned', newest!.number)).toMatchObject({
        state: 'done',
        outcome: 'already known',
        change: head,
      })
      expect(await runsOf('turned')).toHaveLength(1)
      expect((await installation.cli('webhook', 'replay', 'turned', '999999')).stderr).toContain(
        'There is no delivery',
      )
      expect((await installation.cli('webhook', 'show', 'turned')).stdout).toContain(
        'The previous secret is valid until',
      )
      expect((await installation.cli('webhook', 'delete', 'turned')).code).toBe(0)
      expect(
        (await send('turned', pushes['github']!(fresh, { before: zeros, after: head }))).status,
      ).toBe(401)
    },
  )

  test('answers the validation request of CloudEvents', async () => {
    await watched('asked')
    const answer = await fetch(`${installation.url}/webhooks/asked`, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'events.example.com' },
    })
    expect(answer.headers.get('webhook-allowed-origin')).toBe('events.example.com')
  })
})

describe('a lost delivery', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_POLL_SECONDS: '0.4' } })
  })
  afterAll(() => installation.stop())

  test('is replaced by polling, which records how late the change was', async () => {
    const repository = await makeRepository({ 'fairlead.yaml': pipeline })
    await installation.client.createApp({
      body: {
        name: 'lost',
        repository: { kind: 'url', url: `file://${repository.folder}` },
        branch: 'main',
      },
    })
    const { secret } = await installation.client.putWebhook({ params: { app: 'lost' } })
    const runs = async () => (await installation.client.listRuns({ query: { app: 'lost' } })).runs
    await waitFor('the first is found', async () => (await runs()).length === 1)
    const before = (await repository.git('rev-parse', 'HEAD')).trim()
    const after = await repository.commit({ 'a.txt': 'two' })
    await waitFor('the second is found', async () => (await runs()).length === 2)
    const gap = async () =>
      (await installation.client.listWebhookDeliveries({ params: { app: 'lost' } })).gaps.find(
        (one) => one.change === after,
      )
    await waitFor('the gap is stored', async () => (await gap()) !== undefined)
    const { looked, found, arrived } = (await gap())!
    expect(arrived).toBeNull()
    expect(Date.parse(found) - Date.parse(looked!)).toBeGreaterThan(0)
    expect(Date.parse(found) - Date.parse(looked!)).toBeLessThan(10_000)
    expect((await installation.cli('webhook', 'deliveries', 'lost')).stdout).toMatch(
      /found by polling, at most \d+ s late; no delivery/,
    )
    // The late delivery starts no second run.
    const { headers, body } = pushes['forgejo']!(secret, { before, after })
    await fetch(`${installation.url}/webhooks/lost`, { method: 'POST', headers, body })
    await waitFor('the gap shows the delivery', async () => (await gap())?.arrived !== null)
    expect(await runs()).toHaveLength(2)
  })
})
