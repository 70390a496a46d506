import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionKeyName, type SignInProblem } from '#contract/access/access.ts'
import { launchBrowser } from './support/browser.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requires } from './support/programs.ts'
import { signInAs, withSession } from './support/people.ts'
import { createJar, startProvider, type TestProvider } from './support/provider.ts'
import { longDescribe } from './support/scale.ts'

let installation: Installation
let provider: TestProvider
/** the host in the redirect URI, as users type it */
let base = ''
let callback = ''

beforeAll(async () => {
  provider = await startProvider()
  installation = await startInstallation({
    env: {
      FAIRLEAD_OIDC_ISSUER: provider.issuer,
      FAIRLEAD_OIDC_LABEL: 'Example',
      FAIRLEAD_OIDC_CLIENT_ID: provider.clientId,
      FAIRLEAD_OIDC_CLIENT_SECRET: provider.clientSecret,
      FAIRLEAD_OIDC_SCOPES: 'openid profile email groups',
      FAIRLEAD_OIDC_ROLES: 'platform=admin; shop-team=operator:shop',
      FAIRLEAD_OIDC_DOMAINS: 'example.com',
    },
  })
  base = `http://localhost:${installation.port}`
  callback = `${base}/oidc/callback`
  const person = (name: string, email: string, ...groups: string[]) => ({
    name,
    email,
    email_verified: true,
    groups,
  })
  Object.assign(provider.people, {
    ada: { sub: 'ada', ...person('Ada Lovelace', 'ada@example.com') },
    pia: { sub: 'pia', ...person('Pia', 'pia@example.com', 'platform', 'unheard-of') },
    sam: { sub: 'sam', ...person('Sam', 'sam@example.com', 'shop-team') },
    una: { sub: 'una', ...person('Una', 'una@example.com') },
    eve: { sub: 'eve', ...person('Eve', 'eve@evil.example', 'platform') },
    fake: { sub: 'fake', ...person('Ada', 'ada@example.com', 'platform'), email_verified: false },
    twin: { sub: 'twin', ...person('Pia', 'twin@example.com', 'platform') },
  })
})
afterAll(async () => {
  await installation.stop()
  await provider.close()
})

type Jar = ReturnType<typeof createJar>

const start = (next?: string): string =>
  `${base}/oidc/start${next === undefined ? '' : `?next=${encodeURIComponent(next)}`}`
const sessionIn = (jar: Jar): string | undefined => jar.cookies.get(base)?.get('fairlead_session')
const problemOf = (response: Response): string | null =>
  new URL(response.headers.get('location') ?? '/', base).searchParams.get('problem')

/** Completes a sign-in and returns the caller. */
async function signIn(login: string, jar = createJar()) {
  const answer = await jar.send(await jar.signInAtProvider(start(), login, callback))
  const session = sessionIn(jar)
  if (session === undefined) throw new Error(`not signed in: ${problemOf(answer)}`)
  const fragment = new URL(answer.headers.get('location') ?? '', base).hash.slice(1)
  const key = new URLSearchParams(fragment).get(sessionKeyName) ?? ''
  return { jar, answer, ...withSession(installation, `fairlead_session=${session}`, key) }
}

async function refused(response: Response, problem: SignInProblem, jar: Jar): Promise<void> {
  expect([response.status, problemOf(response)]).toEqual([302, problem])
  expect(sessionIn(jar)).toBeUndefined()
}

describe('a provider that is unreachable', () => {
  test('affects neither the start nor links, and the sign-in page reports it', async () => {
    expect((await signInAs(installation, 'admin')).client).toBeDefined()
    const jar = createJar()
    await refused(await jar.send(start()), 'unreachable', jar)
    provider.open({ redirect: callback, logout: `${base}/sign-in` })
  })
})

describe('a sign-in through the provider', () => {
  test('finds the user who was added with the verified address', async () => {
    await installation.client.createApp({ body: { name: 'shop' } })
    await installation.client.createUser({
      body: { name: 'Ada', email: 'Ada@Example.com', role: 'viewer' },
    })
    const ada = await signIn('ada')
    expect(await ada.client.me()).toEqual({ name: 'Ada', role: 'viewer', apps: {} })
    expect(ada.answer.headers.getSetCookie().join('\n')).toMatch(
      /fairlead_session=.*HttpOnly; SameSite=Strict/,
    )
    expect(await installation.client.getUser({ params: { user: 'Ada' } })).toMatchObject({
      issuer: `${provider.issuer}/`,
    })
    const { events } = await installation.client.listEvents({ query: { actor: 'Ada', limit: 1 } })
    expect(events[0]).toMatchObject({
      type: 'dev.cdeventsx.fairlead-session.created',
      by: { credential: 'provider', address: expect.stringMatching(/127\.0\.0\.1|::1/) as string },
    })
    expect(JSON.stringify(events)).not.toContain(sessionIn(ada.jar))
  })

  test('admits members of a group with a role, while they are members', async () => {
    const sam = await signIn('sam')
    expect(await sam.client.me()).toEqual({ name: 'Sam', role: null, apps: { shop: 'operator' } })
    const pia = await signIn('pia')
    expect(await pia.client.me()).toMatchObject({ name: 'Pia', role: 'admin' })
    expect((await pia.client.getUser({ params: { user: 'Pia' } })).groups).toEqual(['platform'])
    provider.people['sam']!.groups = []
    const again = await signIn('sam')
    expect(await again.client.me()).toEqual({ name: 'Sam', role: null, apps: {} })
    expect(await sam.client.me()).toEqual({ name: 'Sam', role: null, apps: {} })
  })

  test('does not take over a user of the same name', async () => {
    const twin = await signIn('twin')
    expect(await twin.client.me()).toMatchObject({ name: 'twin@example.com', role: 'admin' })
    const jar = createJar()
    await refused(
      await jar.send(await jar.signInAtProvider(start(), 'fake', callback)),
      'unknown',
      jar,
    )
  })

  test.each([
    ['una', 'unknown'],
    ['eve', 'unknown'],
  ] as const)('is not %s: %s', async (login, problem) => {
    const jar = createJar()
    await refused(
      await jar.send(await jar.signInAtProvider(start(), login, callback)),
      problem,
      jar,
    )
    const type = 'dev.cdeventsx.fairlead-session.refused'
    expect(
      (await installation.client.listEvents({ query: { type } })).events.map(
        ({ data }) => data['why'],
      ),
    ).toContain(problem)
  })

  test('rejects a disabled user', async () => {
    await signIn('ada')
    await installation.client.changeUser({ params: { user: 'Ada' }, body: { disabled: true } })
    const jar = createJar()
    await refused(
      await jar.send(await jar.signInAtProvider(start(), 'ada', callback)),
      'disabled',
      jar,
    )
    await installation.client.changeUser({ params: { user: 'Ada' }, body: { disabled: false } })
  })
})

describe('an attack', () => {
  const withQuery = (url: string, change: (query: URLSearchParams) => void): string => {
    const changed = new URL(url)
    change(changed.searchParams)
    return changed.href
  }

  test('cannot use an answer twice, even with its cookie', async () => {
    const jar = createJar()
    const answer = await jar.signInAtProvider(start(), 'ada', callback)
    const cookies = new Map(jar.cookies.get(base))
    expect((await jar.send(answer)).status).toBe(302)
    expect(sessionIn(jar)).toBeDefined()
    jar.cookies.set(base, new Map())
    await refused(await jar.send(answer), 'expired', jar)
    jar.cookies.set(base, cookies)
    await refused(await jar.send(answer), 'expired', jar)
  })

  test('cannot use an answer in another browser', async () => {
    const attacker = await createJar().signInAtProvider(start(), 'ada', callback)
    const victim = createJar()
    await refused(await victim.send(attacker), 'expired', victim)
    // Nor while the victim has a sign-in in progress.
    await victim.signInAtProvider(start(), 'pia', callback)
    await refused(await victim.send(attacker), 'forged', victim)
  })

  test.each<[string, (query: URLSearchParams) => void, SignInProblem]>([
    ['another state', (query) => query.set('state', 'x'.repeat(43)), 'forged'],
    ['no state', (query) => query.delete('state'), 'forged'],
    [
      'the iss of another provider (mix-up)',
      (query) => query.set('iss', 'https://evil.example'),
      'forged',
    ],
    ['no iss, from a provider that says it sends one', (query) => query.delete('iss'), 'forged'],
    ['a made-up code', (query) => query.set('code', 'made-up'), 'expired'],
    [
      'a refusal',
      (query) => (query.delete('code'), query.set('error', 'access_denied')),
      'refused',
    ],
    [
      'a token instead of a code',
      (query) => (query.delete('code'), query.set('id_token', 'x.y.z')),
      'forged',
    ],
    ['nothing', (query) => [...query.keys()].forEach((key) => query.delete(key)), 'forged'],
  ])('%s signs nobody in', async (_what, change, problem) => {
    const jar = createJar()
    const answer = await jar.signInAtProvider(start(), 'ada', callback)
    await refused(await jar.send(withQuery(answer, change)), problem, jar)
  })

  test('cannot use the code of another sign-in, because of PKCE', async () => {
    const stolen =
      new URL(await createJar().signInAtProvider(start(), 'pia', callback)).searchParams.get(
        'code',
      ) ?? ''
    const jar = createJar()
    const answer = await jar.signInAtProvider(start(), 'ada', callback)
    await refused(
      await jar.send(withQuery(answer, (query) => query.set('code', stolen))),
      'expired',
      jar,
    )
  })

  test('cannot use a changed or expired cookie', async () => {
    const jar = createJar()
    const answer = await jar.signInAtProvider(start('/runs'), 'ada', callback)
    const cookie = jar.cookies.get(base)?.get('fairlead_sign_in') ?? ''
    const [time = '', secret = ''] = cookie.split('.')
    const evil = Buffer.from('//evil.example').toString('base64url')
    jar.cookies.get(base)?.set('fairlead_sign_in', [time, secret, evil].join('.'))
    await refused(await jar.send(answer), 'forged', jar)
    const old = (Date.now() - 11 * 60_000).toString(36)
    jar.cookies.get(base)?.set('fairlead_sign_in', [old, secret, evil].join('.'))
    await refused(await jar.send(answer), 'expired', jar)
  })

  test.each([
    '//evil.example',
    String.raw`/\evil.example`,
    'https://evil.example',
    '/%0d%0aSet-Cookie:x',
    'javascript:alert(1)',
    '/a\r\nb',
    '/\t/evil.example',
  ])('it leads to no other place than the console: %j', async (next) => {
    const jar = createJar()
    const { headers } = await jar.send(await jar.signInAtProvider(start(next), 'ada', callback))
    const target = new URL(headers.get('location') ?? '', base)
    expect(target.origin).toBe(base)
    expect(headers.get('set-cookie')).not.toContain('Set-Cookie')
  })

  test('returns to a page of the console', async () => {
    const jar = createJar()
    const { headers } = await jar.send(
      await jar.signInAtProvider(start('/runs?app=shop'), 'ada', callback),
    )
    expect(headers.get('location')).toMatch(/^\/runs\?app=shop#fairlead-session-key=[\w-]{40,}$/)
  })

  test('starts a new session and ends the previous session of the browser', async () => {
    const before = await signIn('ada')
    const planted = sessionIn(before.jar)
    const after = await signIn('ada', before.jar)
    expect(sessionIn(after.jar)).not.toBe(planted)
    await expect(before.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  })

  test('the server writes no secret to its output', async () => {
    expect(installation.output()).toContain('a sign-in through the provider failed')
    expect(installation.output()).not.toContain(provider.clientSecret)
    expect(installation.output()).not.toContain('made-up')
  })
})

test('signing out leads to the sign-out page of the provider', async () => {
  const ada = await signIn('ada')
  const { logout } = await ada.client.deleteSession()
  const url = new URL(logout ?? '')
  expect(url.origin).toBe(provider.issuer)
  expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${base}/sign-in`)
  await expect(ada.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
  expect((await (await signInAs(installation, 'admin')).client.deleteSession()).logout).toBeNull()
})

longDescribe('in a browser', requires('chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('signs in from a page of the console, returns to it, and signs out', async () => {
    const page = await browser.newPage()
    await page.goto(`${base}/runs`)
    await page.getByRole('link', { name: 'Sign in with Example' }).click()
    await page.waitForURL(`${provider.issuer}/**`)
    await page.locator('input[name=login]').fill('ada')
    await page.locator('input[name=password]').fill('x')
    await page.locator('button[type=submit]').click()
    await page.locator('button[type=submit]', { hasText: 'Continue' }).click()
    // The key of the session is no longer in the address.
    await page.waitForURL(`${base}/runs`)
    expect(await page.evaluate('localStorage.getItem("fairlead-session-key")')).toMatch(/^\S{40,}$/)
    await page.getByRole('button', { name: 'Account and settings' }).click()
    await page.getByText('Ada', { exact: true }).waitFor()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(`${provider.issuer}/session/end**`)
    await page.locator('button', { hasText: /yes/i }).click()
    await page.waitForURL(`${base}/sign-in`)
    await page.goto(`${base}/sign-in?problem=unknown`)
    await page.getByText('You have no user in Fairlead.').waitFor()
    await page.close()
  })

  test('ignores a session key in a link of somebody else', async () => {
    const page = await browser.newPage()
    await page.goto((await installation.client.createLink({ body: {} })).url)
    const key = () => page.evaluate('localStorage.getItem("fairlead-session-key")')
    await expect.poll(key).not.toBeNull()
    const mine = await key()
    const { origin } = new URL(page.url())
    await page.goto(`${origin}/runs#fairlead-session-key=planted`)
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
    expect([await key(), page.url()]).toEqual([mine, `${origin}/runs`])
    await page.close()
  })
})

test('a provider that becomes unreachable does not end sessions', async () => {
  const ada = await signIn('ada')
  await provider.close()
  expect(await ada.client.me()).toMatchObject({ name: 'Ada' })
  const jar = createJar()
  const answer = await jar.send(start())
  // The metadata of the provider is still cached, but its pages do not answer.
  expect(answer.status).toBe(302)
  const begun = new URL(answer.headers.get('location') ?? '').searchParams
  const given = { code: 'x', state: begun.get('state') ?? '', iss: provider.issuer }
  const back = `${callback}?${new URLSearchParams(given).toString()}`
  await refused(await jar.send(back), 'unreachable', jar)
  expect((await ada.client.deleteSession()).done).toBe(true)
})

test('floods of failed sign-ins are limited, tokens from the same address are not', async () => {
  const jar = createJar()
  const problems: (string | null)[] = []
  for (let i = 0; i < 70; i += 1)
    problems.push(problemOf(await jar.send(`${callback}?code=x&state=${i}`)))
  expect(problems[0]).toBe('expired')
  expect(problems.at(-1)).toBe('busy')
  expect(await installation.client.me()).toMatchObject({ role: 'admin' })
  const type = 'dev.cdeventsx.fairlead-session.refused'
  expect(
    (await installation.client.listEvents({ query: { type, limit: 500 } })).events.length,
  ).toBeLessThan(25)
})
