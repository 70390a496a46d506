import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionKeyName } from '#contract/access/access.ts'
import { createClient } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { errorTable, type Problem } from '#contract/errors.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'

let installation: Installation
beforeAll(async () => {
  installation = await startInstallation()
})
afterAll(() => installation.stop())

/** A request as anything may send it, with the Host header as wished. */
function send(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: installation.port,
        method,
        path,
        headers: {
          ...options.headers,
          ...(options.body === undefined
            ? {}
            : { 'content-length': String(Buffer.byteLength(options.body)) }),
        },
        agent: false,
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

const json = { 'content-type': 'application/json' }
const pathOf = (path: string): string =>
  `/api/v1${path.replace(/\{(\w+)\}/g, (_, name: string) => (['run', 'deployment'].includes(name) ? '1' : 'x'))}`
const admin = (): Record<string, string> => ({ authorization: `Bearer ${installation.token}` })

test('an operator sees every background job, and that none fails', async () => {
  await waitFor('a job of each kind has run', async () => {
    const { jobs } = await installation.client.listBackgroundJobs()
    const ran = jobs.filter(({ succeeded }) => succeeded !== null).map(({ name }) => name)
    return jobs.length >= 8 && ran.includes('start-scheduled-deliveries')
  })
  const { jobs } = await installation.client.listBackgroundJobs()
  expect(jobs.filter(({ state }) => state === 'failing')).toEqual([])
})

describe('who may do what', () => {
  const guarded = Object.entries(endpoints).filter(([, endpoint]) => endpoint.role !== 'public')

  test.each(guarded)('%s needs a sign-in', async (_name, endpoint) => {
    const { status, text } = await send(
      endpoint.method,
      pathOf(endpoint.path),
      endpoint.method === 'GET' ? {} : { headers: json, body: '{}' },
    )
    expect(status).toBe(401)
    expect(JSON.parse(text)).toMatchObject({ code: 'sign_in_needed' })
  })

  test('a viewer may read everything that asks for a viewer, and nothing more', async () => {
    const { secret } = await installation.client.createToken({
      body: { name: 'reader', role: 'viewer' },
    })
    for (const [name, endpoint] of guarded) {
      if (endpoint.role === 'viewer' || endpoint.role === 'anyone') continue
      const { status, text } = await send(endpoint.method, pathOf(endpoint.path), {
        headers: { ...json, authorization: `Bearer ${secret}` },
        ...(endpoint.method === 'GET' ? {} : { body: '{}' }),
      })
      expect([name, status, (JSON.parse(text) as Problem).code]).toEqual([name, 403, 'not_allowed'])
    }
    expect(await createClient({ base: installation.url, token: secret }).me()).toEqual({
      name: 'reader',
      role: 'viewer',
      apps: {},
    })
  })

  test('a developer may push to an app, but not have the server read a folder or an address of its own', async () => {
    const { secret } = await installation.client.createToken({
      body: { name: 'dev', role: 'developer' },
    })
    const developer = createClient({ base: installation.url, token: secret })
    expect((await developer.createApp({ body: { name: 'pushed-by-dev' } })).name).toBe(
      'pushed-by-dev',
    )
    for (const repository of [
      { kind: 'path' as const, path: '/etc' },
      { kind: 'url' as const, url: 'http://169.254.169.254/latest' },
    ])
      await expect(
        developer.createApp({ body: { name: 'elsewhere', repository } }),
      ).rejects.toThrow('requires the role operator')
  })

  test('a revoked token opens nothing a second later, and a wrong one never did', async () => {
    const { id, secret } = await installation.client.createToken({
      body: { name: 'short', role: 'admin' },
    })
    const client = createClient({ base: installation.url, token: secret })
    await client.me()
    await installation.client.deleteToken({ params: { id } })
    await expect(client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
    expect(
      (await installation.client.listTokens()).tokens.map((token) => token.name),
    ).not.toContain('short')
  })

  test('a one-time link works once, and gives a cookie that scripts cannot read', async () => {
    const { url } = await installation.client.createLink({ body: {} })
    const code = new URL(url).searchParams.get('code')
    const first = await send('POST', '/api/v1/sessions', {
      headers: json,
      body: JSON.stringify({ code }),
    })
    expect(first.status).toBe(200)
    const [cookie] = first.headers['set-cookie'] as string[]
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
    const second = await send('POST', '/api/v1/sessions', {
      headers: json,
      body: JSON.stringify({ code }),
    })
    expect(JSON.parse(second.text)).toMatchObject({ code: 'link_used', status: 401 })
    const { key } = JSON.parse(first.text) as { key: string }
    const session = { cookie: (cookie ?? '').split(';')[0] ?? '', [sessionKeyName]: key }
    expect((await send('GET', '/api/v1/me', { headers: session })).status).toBe(200)
    expect(
      (
        await send('DELETE', '/api/v1/sessions/current', {
          headers: { ...json, ...session },
          body: '{}',
        })
      ).status,
    ).toBe(200)
    await waitFor(
      'it is signed out',
      async () => (await send('GET', '/api/v1/me', { headers: session })).status === 401,
    )
  })

  test('another site can neither send a request with the cookie nor take over the name of the server', async () => {
    const { url } = await installation.client.createLink({ body: {} })
    const signIn = await send('POST', '/api/v1/sessions', {
      headers: json,
      body: JSON.stringify({ code: new URL(url).searchParams.get('code') }),
    })
    const cookie = ((signIn.headers['set-cookie'] as string[])[0] ?? '').split(';')[0] ?? ''
    const forged = await send('POST', '/api/v1/apps', {
      headers: { ...json, cookie, origin: 'https://evil.example' },
      body: '{"name":"evil"}',
    })
    expect(JSON.parse(forged.text)).toMatchObject({ code: 'forged_request', status: 403 })
    // The key of a link is the permission, also where the button is on a page of another site.
    const button = { method: 'POST', headers: { origin: 'https://ntfy.sh' } }
    expect((await fetch(`${installation.url}/answer?key=x`, button)).status).toBe(410)
    const sneaky = await send('POST', '/api/v1/apps', {
      headers: { ...json, cookie, 'sec-fetch-site': 'cross-site' },
      body: '{"name":"evil"}',
    })
    expect(sneaky.status).toBe(403)
    const rebound = await send('GET', '/api/v1/health', { headers: { host: 'evil.example' } })
    expect(rebound.status).toBe(403)
  })

  test('wrong tokens are slowed down, and a valid one from the same address is not', async () => {
    const answers: number[] = []
    for (let i = 0; i < 40; i += 1)
      answers.push(
        (await send('GET', '/api/v1/me', { headers: { authorization: `Bearer fl_wrong${i}` } }))
          .status,
      )
    expect(answers).toContain(401)
    expect(answers.at(-1)).toBe(429)
    expect((await send('GET', '/api/v1/me', { headers: admin() })).status).toBe(200)
  })
})

describe('bad input', () => {
  test.each([
    ['not JSON', '{', 'invalid_input', 'body'],
    ['a wrong type', '{"name": 5}', 'invalid_input', 'body.name'],
    ['a name that cannot be', '{"name": "../etc"}', 'invalid_input', 'body.name'],
    ['an unknown field', '{"name": "ok", "admin": true}', 'invalid_input', 'admin'],
  ])('%s is refused in one sentence that names the field', async (_what, body, code, field) => {
    const { status, text } = await send('POST', '/api/v1/apps', {
      headers: { ...json, ...admin() },
      body,
    })
    expect(status).toBe(400)
    const problem = JSON.parse(text) as Problem
    expect(problem.code).toBe(code)
    expect(problem.title).toContain(field)
    expect(problem.title.split('\n')).toHaveLength(1)
  })

  test('every problem has what the table says', async () => {
    const { status, text, headers } = await send('GET', '/api/v1/runs/999', { headers: admin() })
    expect(headers['content-type']).toContain('application/problem+json')
    expect(status).toBe(errorTable.not_found.status)
    expect(JSON.parse(text)).toMatchObject({
      code: 'not_found',
      title: 'There is no run 999.',
      next: errorTable.not_found.next,
    })
  })

  test('a body that is too large, and a path that leaves the console, are refused', async () => {
    const large = await send('POST', '/api/v1/apps', {
      headers: { ...json, ...admin() },
      body: `{"name":"${'x'.repeat(2_000_000)}"}`,
    }).catch(() => ({ status: 413 }))
    expect(large.status).toBe(413)
    for (const path of [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/assets/../../../package.json',
      '/assets/..%5c..%5cpackage.json',
      '//example.com/%2e%2e',
    ]) {
      const { status, text } = await send('GET', path)
      expect([path, status < 500]).toEqual([path, true])
      expect(text).not.toContain('"fairlead"')
      expect(text).not.toContain('root:')
    }
  })

  test('every answer carries the headers that keep a browser safe', async () => {
    const { headers } = await send('GET', '/', { headers: { accept: 'text/html' } })
    expect(headers['content-security-policy']).toContain("script-src 'self'")
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect((await send('GET', '/api/v1/health')).headers).toMatchObject({
      'cache-control': 'no-store',
    })
  })

  test('a large answer is compressed, and a compressed request is not read', async () => {
    const accept = { 'accept-encoding': 'gzip, br' }
    const { headers } = await send('GET', '/api/v1/openapi.json', { headers: accept })
    expect(headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
    expect((await send('GET', '/api/v1/openapi.json')).headers).not.toHaveProperty(
      'content-encoding',
    )
    const bomb = await fetch(`${installation.url}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify({ code: 'a' })),
    })
    expect(bomb.status).toBe(400)
  })

  test('a session is one that did not exist before, whatever cookie came with the sign-in', async () => {
    const planted = 'fairlead_session=planted-by-somebody'
    const { url } = await installation.client.createLink({ body: {} })
    const body = JSON.stringify({ code: new URL(url).searchParams.get('code') })
    const { headers, text } = await send('POST', '/api/v1/sessions', {
      headers: { ...json, cookie: planted },
      body,
    })
    const [cookie] = headers['set-cookie'] as string[]
    expect(cookie).not.toContain('planted')
    const { key } = JSON.parse(text) as { key: string }
    const withKey = { cookie: planted, [sessionKeyName]: key }
    expect((await send('GET', '/api/v1/me', { headers: withKey })).status).toBe(401)
  })

  test('where people come by HTTPS, the cookie goes no other way', async () => {
    const other = await startInstallation({
      env: { FAIRLEAD_PUBLIC_URL: 'https://fairlead.example' },
    })
    try {
      const { url } = await other.client.createLink({ body: {} })
      expect(url).toMatch(/^https:\/\/fairlead\.example\//)
      const response = await fetch(`${other.url}/api/v1/sessions`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ code: new URL(url).searchParams.get('code') }),
      })
      expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict; .*; Secure$/)
      expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000')
    } finally {
      await other.stop()
    }
  })
})

test('the event stream resumes where it was left, without a hole', async () => {
  for (let i = 0; i < 30; i += 1)
    await installation.client.createToken({ body: { name: `t${i}`, role: 'viewer' } })
  const { events } = await installation.client.listEvents({ query: { after: 0, limit: 500 } })
  const from = events[5]!.id
  const response = await fetch(`${installation.url}/api/v1/events/stream`, {
    headers: { ...admin(), 'last-event-id': String(from) },
  })
  const seen: number[] = []
  const wanted = events.filter((event) => event.id > from).map((event) => event.id)
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    rest += chunk
    const ids = [...rest.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    seen.splice(0, seen.length, ...ids)
    if (seen.length >= wanted.length) break
  }
  expect(seen).toEqual(wanted)
})
