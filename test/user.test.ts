import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { openAlert } from './support/alert.ts'
import { storeError } from './support/error.ts'
import { suspendedWorkflows } from './support/suspended.ts'
import { signInAs, type SignedIn } from './support/people.ts'

let installation: Installation
let repository: Repository
let digest = ''
const runs = { shop: 0, bank: 0 }
const deployments = { shop: 0, bank: 0 }
const alerts = { shop: 0, bank: 0 }
const incidents = { shop: 0, bank: 0 }
const errors = { shop: 0, bank: 0 }
const silences = { shop: 0, bank: 0 }
let suspended: string[] = []

beforeAll(async () => {
  installation = await startInstallation({ env: { FAIRLEAD_SIGNALS_SECONDS: '0.5' } })
  repository = await makeRepository({
    'fairlead.yaml':
      'steps: {test: "true"}\nenvironments: {production: {}}\nslo: {up: 99}\n' +
      'switches: {mail: true}\n',
  })
  for (const app of ['shop', 'bank'] as const) {
    await repository.commit({ 'which.txt': app })
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    const ended = await endedRun(installation, run!.id)
    runs[app] = ended.id
    digest = ended.artifact ?? ''
    const [deployment] = (await installation.client.listDeployments({ query: { app, limit: 1 } }))
      .deployments
    deployments[app] = deployment!.id
  }
  suspended = await suspendedWorkflows(installation, ['shop', 'bank'])
  for (const app of ['shop', 'bank'] as const) {
    alerts[app] = await openAlert(installation, inEnvironment(app))
    const incident = { title: 'for the test', environment: 'production' }
    incidents[app] = (
      await installation.client.openIncident({ params: { app }, body: incident })
    ).id
    await installation.client.createReview({ params: { incident: incidents[app] } })
    errors[app] = await storeError(installation, inEnvironment(app))
    const body = { minutes: 60, reason: 'for the test' }
    silences[app] = (await installation.client.createSilence({ params: { app }, body })).id
  }
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const cli = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await installation.cli(...args)
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}
const inEnvironment = (app: string) => ({ app, environment: 'production' })
const setLevel = (who: Pick<SignedIn, 'client'>, app: string) =>
  who.client.changeConfiguration({
    params: inEnvironment(app),
    body: { variables: { LEVEL: String(Math.random()) } },
  })
const newest = async (type: string) =>
  (
    await installation.client.listEvents({
      query: { type: `dev.cdeventsx.fairlead-${type}`, limit: 1 },
    })
  ).events[0]

test('a viewer for all apps can be an operator for one app', async () => {
  expect(
    await cli('users', 'add', 'Ada', '--role', 'viewer', '--email', 'ada@example.com'),
  ).toContain('ada@example.com')
  expect(await cli('users', 'role', 'Ada', 'operator', '--app', 'shop')).toContain(
    'Ada has the role operator for shop',
  )
  const ada = await signInAs(installation, 'Ada')
  expect(await ada.client.me()).toEqual({ name: 'Ada', role: 'viewer', apps: { shop: 'operator' } })
  expect((await setLevel(ada, 'shop')).configuration.actor).toBe('Ada')
  await expect(setLevel(ada, 'bank')).rejects.toMatchObject({
    code: 'not_allowed',
    message: 'This requires the role operator; your role is viewer.',
  })
  await expect(ada.client.deleteApp({ params: { app: 'shop' } })).rejects.toThrow(
    'requires the role admin',
  )
  await expect(ada.client.createApp({ body: { name: 'new' } })).rejects.toThrow(
    'requires the role developer',
  )
  // A role for one app does not allow reading folders of the machine.
  const elsewhere = { name: 'shop', repository: { kind: 'path' as const, path: '/etc' } }
  await expect(ada.client.createApp({ body: elsewhere })).rejects.toMatchObject({
    code: 'not_allowed',
  })
  expect((await ada.client.listApps()).apps).toHaveLength(2)
  await expect(ada.client.listUsers()).rejects.toMatchObject({ code: 'not_allowed' })
  expect(await cli('users', 'list')).toMatch(/Ada +viewer; operator of shop +ada@example\.com/)
  expect(await cli('users', 'list', '--app', 'shop')).toMatch(/Ada +operator/)
  expect(await newest('user.changed')).toMatchObject({
    app: 'shop',
    subject: 'user/Ada',
    actor: 'this machine',
    by: { credential: 'machine', address: '127.0.0.1' },
    data: { app: 'shop', role: 'operator', was: null },
  })
})

test('names are unique regardless of case, and reserved names are rejected', async () => {
  const add = (name: string, email?: string) =>
    installation.client.createUser({ body: { name, ...(email ? { email } : {}) } })
  await expect(add('ada')).rejects.toThrow('The user ada already exists.')
  await expect(add('Eve', 'ADA@example.com')).rejects.toThrow('The user with the address')
  for (const name of ['fairlead', 'GitHub', 'this machine', 'a/b', 'tab\there', ' ', '\u202eadA'])
    await expect(add(name)).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(installation.client.createLink({ body: { name: 'nobody-yet' } })).rejects.toThrow(
    'There is no user nobody-yet.',
  )
})

test('an admin of one app manages only the roles for that app', async () => {
  await installation.client.createUser({ body: { name: 'Grace', role: null } })
  await installation.client.putAppRole({
    params: { app: 'bank', user: 'Grace' },
    body: { role: 'admin' },
  })
  const grace = await signInAs(installation, 'Grace')
  await grace.client.putAppRole({
    params: { app: 'bank', user: 'Ada' },
    body: { role: 'developer' },
  })
  expect(
    (await grace.client.listAppUsers({ params: { app: 'bank' } })).users.map(({ name, role }) => [
      name,
      role,
    ]),
  ).toEqual([
    ['Ada', 'developer'],
    ['Grace', 'admin'],
  ])
  await grace.client.putAppRole({ params: { app: 'bank', user: 'Ada' }, body: { role: null } })
  await expect(
    grace.client.putAppRole({ params: { app: 'shop', user: 'Grace' }, body: { role: 'admin' } }),
  ).rejects.toMatchObject({ code: 'not_this_app' })
  await expect(
    grace.client.changeUser({ params: { user: 'Grace' }, body: { role: 'admin' } }),
  ).rejects.toMatchObject({
    code: 'not_this_app',
  })
  // Removing an app removes its roles.
  await installation.client.createApp({ body: { name: 'short' } })
  await installation.client.putAppRole({
    params: { app: 'short', user: 'Grace' },
    body: { role: 'admin' },
  })
  await installation.client.deleteApp({ params: { app: 'short' } })
  await installation.client.createApp({ body: { name: 'short' } })
  await expect(grace.client.getApp({ params: { app: 'short' } })).rejects.toMatchObject({
    code: 'not_this_app',
  })
})

/** Endpoints that belong to no app: about the caller, or public. */
const own = Object.entries(endpoints).flatMap(([name, { role }]) =>
  role === 'anyone' ? [name] : [],
)
/** Their answers are sums over apps. */
const sums = ['getDeliveryFigures', 'getAlertFigures']
const guarded = Object.entries(endpoints).filter(
  ([name, { role }]) => role !== 'public' && role !== 'anyone' && !sums.includes(name),
)

test('the endpoints that every signed-in user may call are listed by name', () => {
  expect(own.toSorted()).toEqual([
    ...['addBrowser', 'createToken', 'deleteChannel', 'deleteSession', 'deleteToken'],
    ...['endSession', 'endSessions', 'listKeys', 'listSessions', 'listTokens', 'me'],
    'testChannel',
  ])
})

let bob: SignedIn
test.each(guarded)('%s reveals nothing to a user of another app', async (_name, endpoint) => {
  bob ??= await (async () => {
    await installation.client.createUser({ body: { name: 'Bob', role: null } })
    await installation.client.putAppRole({
      params: { app: 'shop', user: 'Bob' },
      body: { role: 'admin' },
    })
    return signInAs(installation, 'Bob')
  })()
  const fill: Record<string, string> = {
    app: 'bank',
    run: String(runs.bank),
    deployment: String(deployments.bank),
    environment: 'production',
    digest,
    user: 'Bob',
    workflow: encodeURIComponent(suspended[1] ?? ''),
    alert: String(alerts.bank),
    incident: String(incidents.bank),
    error: String(errors.bank),
    silence: String(silences.bank),
  }
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? '1')
  for (const query of ['', '?app=bank', ...(endpoint.path.includes('{') ? ['?app=shop'] : [])]) {
    if (endpoint.events && query === '') continue
    const response = await fetch(`${installation.url}/api/v1${path}${query}`, {
      method: endpoint.method,
      headers: { ...bob.headers, 'content-type': 'application/json' },
      ...(endpoint.method === 'GET' ? {} : { body: '{}' }),
    })
    const text = await response.text()
    const isAsked = query === '?app=bank' && 'app' in endpoint.query.shape
    if (endpoint.lists && !isAsked) {
      expect(response.status).toBe(200)
      expect(text).toContain('"shop"')
      expect(text).not.toContain('bank')
    } else if (response.status === 400) expect(text).toContain('"invalid_input"')
    else expect([response.status, JSON.parse(text)]).toMatchObject([403, { code: 'not_this_app' }])
  }
})

test('the delivery figures of a user contain only the apps of the user', async () => {
  const of = (app?: string) => installation.client.getDeliveryFigures({ query: app ? { app } : {} })
  const [ofShop, ofAll] = [await of('shop'), await of()]
  expect(await bob.client.getDeliveryFigures()).toEqual(ofShop)
  expect(ofAll.now.deployments).toBeGreaterThan(ofShop.now.deployments)
  await expect(bob.client.getDeliveryFigures({ query: { app: 'bank' } })).rejects.toMatchObject({
    code: 'not_this_app',
  })
})

test('the alert figures of a user contain only the apps of the user', async () => {
  const of = (app?: string) => installation.client.getAlertFigures({ query: app ? { app } : {} })
  const [ofShop, ofAll] = [await of('shop'), await of()]
  expect(await bob.client.getAlertFigures()).toEqual(ofShop)
  expect(ofAll.weeks[0]?.alerts).toBeGreaterThan(ofShop.weeks[0]?.alerts ?? 0)
  await expect(bob.client.getAlertFigures({ query: { app: 'bank' } })).rejects.toMatchObject({
    code: 'not_this_app',
  })
})

test('a user of one app sees no events of another, in lists and streams', async () => {
  const stop = new AbortController()
  const { body } = await fetch(`${installation.url}/api/v1/events/stream?after=0`, {
    headers: bob.headers,
    signal: stop.signal,
  })
  let text = ''
  const reading = (async () => {
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) text += chunk
  })().catch(() => undefined)
  await setLevel(await signInAs(installation, 'Ada'), 'shop')
  await waitFor('the event of his app comes', async () => text.includes('configuration.changed'))
  stop.abort()
  await reading
  expect(text).toContain('"shop"')
  expect(text).not.toContain('bank')
  // Only admins see the addresses of other users.
  expect(text).not.toContain('"address":"127')
  const type = 'dev.cdeventsx.fairlead-configuration.changed'
  expect(
    (await installation.client.listEvents({ query: { actor: 'ada', type, limit: 1 } })).events[0],
  ).toMatchObject({
    actor: 'Ada',
    by: { credential: 'session', address: '127.0.0.1' },
  })
})

test('a removed role affects sessions, tokens and streams within a second', async () => {
  await installation.client.createUser({ body: { name: 'Carl', role: 'operator' } })
  const carl = await signInAs(installation, 'Carl')
  const { secret } = await carl.client.createToken({ body: { name: 'ci', role: 'operator' } })
  const token = createClient({ base: installation.url, token: secret })
  await token.listRuns()
  const followed = await fetch(`${installation.url}/api/v1/events/stream`, {
    headers: carl.headers,
  })
  const ended = followed.text().then(() => performance.now())
  await installation.client.changeUser({ params: { user: 'Carl' }, body: { role: null } })
  const taken = performance.now()
  expect((await ended) - taken).toBeLessThan(1000)
  await expect(setLevel(carl, 'shop')).rejects.toMatchObject({ code: 'not_allowed' })
  expect((await token.listRuns()).runs).toEqual([])
  await installation.client.changeUser({ params: { user: 'Carl' }, body: { role: 'viewer' } })
  expect(await token.me()).toMatchObject({ name: 'Carl', role: 'viewer' })
})

test('a disabled user loses sessions, tokens, streams, git and links within a second', async () => {
  await installation.client.createUser({ body: { name: 'Dora', role: 'developer' } })
  const dora = await signInAs(installation, 'Dora')
  const { secret } = await dora.client.createToken({ body: { name: 'laptop', role: 'developer' } })
  const token = createClient({ base: installation.url, token: secret })
  const remote = `http://x:${secret}@127.0.0.1:${installation.port}/git/shop.git`
  expect(await repository.git('ls-remote', remote)).toContain('refs/heads/main')
  const { url } = await installation.client.createLink({ body: { name: 'Dora' } })
  const followed = await fetch(`${installation.url}/api/v1/events/stream`, {
    headers: dora.headers,
  })
  const ended = followed.text().then(() => performance.now())
  expect(await cli('users', 'disable', 'dora')).toContain('Dora is disabled')
  const disabled = performance.now()
  await expect(dora.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  await expect(token.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  expect((await ended) - disabled).toBeLessThan(1000)
  await expect(repository.git('ls-remote', remote)).rejects.toThrow()
  const code = new URL(url).searchParams.get('code') ?? ''
  await expect(installation.client.createSession({ body: { code } })).rejects.toThrow(
    'The user Dora is disabled.',
  )
  await expect(signInAs(installation, 'Dora', 'admin')).rejects.toThrow(
    'The user Dora is disabled.',
  )
  // When the user is enabled, tokens work again; ended sessions do not.
  await cli('users', 'enable', 'Dora')
  expect(await token.me()).toMatchObject({ name: 'Dora' })
  await expect(dora.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  // When the user is deleted, no credential works, and the events remain.
  await cli('users', 'remove', 'Dora')
  await expect(token.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  expect((await installation.client.listTokens()).tokens.map(({ user }) => user)).not.toContain(
    'Dora',
  )
  expect(
    (await installation.client.listEvents({ query: { actor: 'Dora' } })).events.length,
  ).toBeGreaterThan(0)
})

test('a token never grants more than its user has', async () => {
  const ada = await signInAs(installation, 'Ada')
  const make = (body: Parameters<typeof ada.client.createToken>[0]['body']) =>
    ada.client.createToken({ body })
  await expect(make({ name: 'x', role: 'admin' })).rejects.toMatchObject({ code: 'too_wide' })
  await expect(make({ name: 'x', role: 'operator', apps: ['shop', 'bank'] })).rejects.toThrow(
    'you do not have the role operator for bank',
  )
  const made = await make({ name: 'Grace', role: 'operator' })
  const token = createClient({ base: installation.url, token: made.secret })
  // Events name its user, whatever the token is called, so that nobody approves as another user.
  expect(await token.me()).toEqual({ name: 'Ada', role: 'viewer', apps: { shop: 'operator' } })
  await expect(token.createToken({ body: { name: 'y', role: 'viewer' } })).rejects.toMatchObject({
    code: 'session_needed',
  })
  await expect(token.createLink({ body: { name: 'Ada', role: 'admin' } })).rejects.toMatchObject({
    code: 'not_allowed',
  })
  const set = await token.changeConfiguration({
    params: inEnvironment('shop'),
    body: { variables: { BY: 'token' } },
  })
  expect(set.configuration.actor).toBe('Ada')
  expect(await newest('configuration.changed')).toMatchObject({
    actor: 'Ada',
    by: { credential: 'token', name: 'Grace', address: '127.0.0.1' },
  })
  // Nor does it grant more than its own role.
  const narrow = async (body: Parameters<typeof make>[0]) =>
    createClient({ base: installation.url, token: (await make(body)).secret })
  const reader = await narrow({ name: 'reader', role: 'viewer' })
  expect(await reader.me()).toEqual({ name: 'Ada', role: 'viewer', apps: { shop: 'viewer' } })
  await expect(setLevel({ client: reader }, 'shop')).rejects.toMatchObject({
    code: 'not_allowed',
  })
  const ofShop = await narrow({ name: 'of-shop', role: 'operator', apps: ['shop'] })
  expect(await ofShop.me()).toEqual({ name: 'Ada', role: null, apps: { shop: 'operator' } })
  await expect(ofShop.getApp({ params: { app: 'bank' } })).rejects.toMatchObject({
    code: 'not_this_app',
  })
  for (const own of [ofShop.listSessions(), ofShop.endSessions(), ofShop.listTokens()])
    await expect(own).rejects.toMatchObject({ code: 'not_this_app' })
  // Users list and revoke their own tokens; other tokens do not exist for them.
  const mine = (await ada.client.listTokens()).tokens
  expect(mine.map(({ name, user }) => [name, user])).toEqual([
    ['of-shop', 'Ada'],
    ['reader', 'Ada'],
    ['Grace', 'Ada'],
  ])
  const [foreign] = (await bob.client.listTokens()).tokens
  expect(foreign).toBeUndefined()
  await expect(bob.client.deleteToken({ params: { id: made.id } })).rejects.toMatchObject({
    code: 'not_found',
  })
  await ada.client.deleteToken({ params: { id: made.id } })
  await expect(token.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
})

test('users see and end their own sessions; an admin sees and ends all', async () => {
  const [first, second] = [await signInAs(installation, 'Ada'), await signInAs(installation, 'Ada')]
  const { sessions } = await second.client.listSessions()
  const mine = sessions.find(({ isCurrent }) => isCurrent)
  expect(mine).toMatchObject({
    user: 'Ada',
    way: 'link',
    address: '127.0.0.1',
    agent: 'Browser of Ada',
  })
  expect(sessions.length).toBeGreaterThanOrEqual(2)
  await expect(bob.client.listSessions({ query: { user: 'Ada' } })).rejects.toMatchObject({
    code: 'not_allowed',
  })
  await expect(bob.client.endSessions({ query: { user: 'Ada' } })).rejects.toMatchObject({
    code: 'not_allowed',
  })
  await expect(bob.client.endSession({ params: { session: mine!.id } })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await second.client.endSessions()).ended).toBe(sessions.length - 1)
  await expect(first.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  expect(await second.client.me()).toMatchObject({ name: 'Ada' })
  expect(await cli('sessions', 'list', '--user', 'Ada')).toMatch(/127\.0\.0\.1 +Browser of Ada/)
  expect(await cli('sessions', 'end', '--user', 'Ada')).toContain('1 session has ended')
  await expect(second.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
})

test('signing in again ends the previous session of the browser', async () => {
  const first = await signInAs(installation, 'Ada')
  const { url } = await installation.client.createLink({ body: { name: 'Ada' } })
  await fetch(`${installation.url}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: first.cookie },
    body: JSON.stringify({ code: new URL(url).searchParams.get('code') }),
  })
  await expect(first.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
})

test('the machine can create a link with any role, and the log records it', async () => {
  const url = await cli('link', '--name', 'Hugo', '--role', 'operator')
  const code = /code=(\S+)/.exec(url)?.[1] ?? ''
  expect(await installation.client.createSession({ body: { code } })).toEqual({
    name: 'Hugo',
    role: 'operator',
    apps: {},
    key: expect.any(String) as string,
  })
  expect(await newest('link.created')).toMatchObject({
    actor: 'this machine',
    by: { credential: 'machine' },
    data: { name: 'Hugo', role: 'operator' },
  })
  expect(await newest('session.created')).toMatchObject({
    actor: 'Hugo',
    by: { credential: 'link' },
  })
  expect((await newest('user.created'))?.subject).toBe('user/Hugo')
  expect((await installation.cli('link', '--name', 'Hugo', '--role', 'king')).code).toBe(2)
})

test('refused requests are logged, repetitions only as a count', async () => {
  const before = (await newest('request.refused'))?.id ?? 0
  for (let i = 0; i < 50; i += 1)
    await expect(bob.client.deleteApp({ params: { app: 'bank' } })).rejects.toMatchObject({
      code: 'not_this_app',
    })
  const type = 'dev.cdeventsx.fairlead-request.refused'
  const { events } = await installation.client.listEvents({
    query: { type, after: before, limit: 500 },
  })
  const ofApp = events.filter(
    ({ actor, data }) => actor === 'Bob' && data['what'] === 'DELETE /apps/{app}',
  )
  expect(ofApp.length).toBeLessThanOrEqual(1)
  // The first is recorded immediately, unless one was recorded within this minute.
  const all = (await installation.client.listEvents({ query: { type, actor: 'Bob', limit: 500 } }))
    .events
  expect(all.length).toBeGreaterThan(0)
  // Twenty at once in each minute, and their counts at its end.
  const ms = Date.parse(all[0]?.time ?? '') - Date.parse(all.at(-1)?.time ?? '')
  expect(all.length).toBeLessThanOrEqual(42 * (1 + Math.floor(ms / 60_000)))
  expect(all[0]).toMatchObject({
    actor: 'Bob',
    by: { credential: 'session', address: '127.0.0.1' },
  })
})

test('a user tests and deletes their own channels, and no others', async () => {
  await installation.client.createUser({ body: { name: 'Cy', role: 'viewer' } })
  const { headers } = await signInAs(installation, 'Cy')
  const settings = { url: 'http://127.0.0.1:9/' }
  for (const [channel, person] of [
    ['of-cy', { person: 'Cy' }],
    ['of-all', {}],
  ] as const) {
    const body = { kind: 'cloudevents', settings, ...person }
    await installation.client.putChannel({ params: { channel }, body })
  }
  const add = ['channels', 'add', 'of-cz', 'cloudevents', `url=${settings.url}`, '--person', 'Cz']
  expect((await installation.cli(...add)).stderr).toContain('There is no user Cz.')
  const silence = ['silence', 'shopp', '--minutes', '5', '--reason', 'a load test']
  expect((await installation.cli(...silence)).stderr).toContain('There is no app shopp.')
  for (const list of ['alerts list', 'monitors list', 'errors list', 'slo', 'events', 'runs'])
    expect((await installation.cli(...list.split(' '), 'shopp')).stderr, list).toContain(
      'There is no app shopp.',
    )
  const statusOf = async (method: string, path: string): Promise<number> => {
    const url = `${installation.url}/api/v1/channels/${path}`
    return (await fetch(url, { method, headers })).status
  }
  // The channel does not answer.
  expect(await statusOf('POST', 'of-cy/test')).toBe(409)
  expect(await statusOf('POST', 'of-all/test')).toBe(403)
  expect(await statusOf('DELETE', 'of-all')).toBe(403)
  expect(await statusOf('DELETE', 'unknown')).toBe(403)
  expect(await statusOf('DELETE', 'of-cy')).toBe(200)
  await installation.client.deleteChannel({ params: { channel: 'of-all' } })
})
