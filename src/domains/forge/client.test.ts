import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { forgesOf } from '../../../test/support/forge.ts'
import { type ForgeServer, startForge } from '../../../test/support/forge-server.ts'
import { headRefs } from '../../../test/support/pull-request.ts'
import type { ForgeClient } from './client.ts'
import { createForgeClients, forges } from './registry.ts'
import { ForgeRefusal } from './request.ts'

const token = 'the-token-of-the-forge'
const sha = 'a'.repeat(40)
const status = {
  sha,
  name: 'fairlead',
  state: 'success',
  description: 'live',
  url: 'http://localhost/runs/1',
} as const

/** Connects to a server in place of a kind of forge, which may name a product: `KIND PRODUCT`. */
const connect = (name: string, url: string): Promise<ForgeClient> => {
  const [kind = '', product] = name.split(' ')
  return createForgeClients()(kind, {
    url: product === 'cloud' ? `${url}/2.0` : url,
    repository: 'acme/shop',
    appId: null,
    token,
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(5000) }),
  })
}

const names = forges.flatMap(({ kind, api }) => (api ? forgesOf(kind) : []))

test('a kind without an API cannot be called', async () => {
  await expect(connect('cloudevents', 'http://localhost')).rejects.toThrow('has no API')
})

describe.each(names)('the client of %s', (name) => {
  const servers: Server[] = []
  let forge: ForgeServer | null = null
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close()
    await forge?.stop()
    forge = null
  })
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const writeStatus = async (url: string): Promise<unknown> =>
    connect(name, url)
      .then((client) => client.writeStatus(status))
      .catch((error: unknown) => error)

  test('writes the status of a commit, any number of times', async () => {
    forge = await startForge(token)
    const client = await connect(name, forge.url)
    await client.writeStatus({ ...status, state: 'pending' })
    await client.writeStatus(status)
    await client.writeStatus(status)
    const [first, last] = [
      forge.statuses.get('fairlead')?.[0],
      forge.statuses.get('fairlead')?.at(-1),
    ]
    expect(last?.toLowerCase()).toMatch(/^success/)
    expect(first).not.toBe(last)
  })

  test('writes a deployment once, also when its ID was lost', async () => {
    forge = await startForge(token)
    const client = await connect(name, forge.url)
    if (!client.writeDeployment) return
    const deployment = {
      ...{ key: 'deployment/1', sha, branch: 'main', environment: 'production' },
      ...{ isProduction: true, isTransient: false, address: null, state: 'running' as const },
      ...{ description: 'production: starting', url: 'http://localhost/runs/1' },
    }
    const remote = await client.writeDeployment(deployment, null)
    expect(await client.writeDeployment(deployment, null)).toBe(remote)
    await client.writeDeployment({ ...deployment, state: 'success' }, remote)
    expect(forge.deployments).toHaveLength(1)
    expect(forge.deployments[0]?.states.at(-1)).toBe('success')
  })

  test('reads every page of the open pull requests into a branch', async () => {
    forge = await startForge(token)
    const pull = (number: number, more: object = {}) => ({
      ...{ number, sha, state: 'open' as const, branch: `p${number}` },
      ...more,
    })
    forge.pulls = [
      pull(1),
      pull(2, { isDraft: true }),
      pull(3, { fork: 'mallory/shop' }),
      pull(4, { base: 'next' }),
      pull(5, { state: 'closed' }),
      pull(6, { title: 'A\nb' }),
    ]
    const client = await connect(name, forge.url)
    const listed = await client.listPullRequests('main')
    expect(listed.map(({ number, isDraft, fork }) => [number, isDraft, fork !== null])).toEqual([
      [1, false, false],
      [2, true, false],
      [3, false, true],
      [6, false, false],
    ])
    expect(listed[0]).toEqual({
      ...{ number: 1, title: 'Propose it', author: 'grace', state: 'open', isDraft: false },
      ...{ branch: 'p1', fork: null, base: 'main', url: expect.stringContaining('/1') },
      ref: headRefs[name]?.({ number: 1, branch: 'p1' }),
    })
    expect(listed[3]?.title).toBe('A b')
  })

  test('reads one pull request, and null for an unknown number', async () => {
    forge = await startForge(token)
    forge.pulls = [
      { number: 1, sha, state: 'merged', branch: 'p1' },
      { number: 2, sha, state: 'closed', branch: 'p2' },
    ]
    const client = await connect(name, forge.url)
    expect(await client.getPullRequest(1)).toMatchObject({ number: 1, state: 'merged' })
    expect(await client.getPullRequest(2)).toMatchObject({ number: 2, state: 'closed' })
    expect(await client.getPullRequest(3)).toBeNull()
  })

  test('writes issues, their labels and comments, and finds what was not recorded', async () => {
    forge = await startForge(token)
    const { issues } = await connect(name, forge.url)
    if (!issues) return expect(name).toContain('bitbucket')
    const since = new Date().toISOString()
    const content = { title: 'Test it', body: 'x <!-- key-1 -->', due: '2026-12-14' }
    expect(await issues.find('key-1', since)).toBeNull()
    const created = await issues.create(content, 'fairlead')
    expect(created).toEqual({
      ...{ number: 1, isOpen: true, closed: null },
      url: expect.stringMatching(/^https:.*issues\/1$/),
    })
    for (const title of ['a', 'b', 'c']) await issues.create({ ...content, title, body: '' }, 'x')
    expect(await issues.find('key-1', since)).toEqual(created)
    await issues.change(1, { title: 'Test both', body: 'y', due: '2026-12-15' })
    for (const isOn of [true, true, false, false]) await issues.setLabel(1, 'overdue', isOn)
    await issues.setLabel(1, 'late', true)
    await issues.comment(1, 'a <!-- key-2 -->')
    expect(await issues.listComments(1, since)).toEqual(['a <!-- key-2 -->'])
    await issues.setOpen(1, false)
    expect(await issues.get(1)).toMatchObject({ isOpen: false, closed: expect.any(String) })
    await issues.setOpen(1, true)
    expect(await issues.get(1)).toEqual(created)
    expect(await issues.get(99)).toBeNull()
    await expect(issues.setLabel(99, 'late', true)).rejects.toThrow(ForgeRefusal)
    const [kept] = forge.issues
    expect(kept).toMatchObject({ title: 'Test both', body: 'y', labels: ['fairlead', 'late'] })
    expect(kept?.due?.slice(0, 10)).toBe(name === 'github' ? undefined : '2026-12-15')
  })

  test.each([
    [401, {}, null],
    [422, {}, null],
    [429, { 'retry-after': '7' }, 7000],
    [429, {}, 60_000],
    [503, { 'retry-after': '2' }, 2000],
    [503, {}, null],
  ])('throws a refusal for %i with %j', async (code, headers, pauseMs) => {
    const url = await serve((_request, response) =>
      response
        .writeHead(code, { 'content-type': 'application/json', ...headers })
        .end('{"message": "no"}'),
    )
    const error = await writeStatus(url)
    expect(error).toBeInstanceOf(ForgeRefusal)
    expect(error).toMatchObject({ status: code, pauseMs })
  })

  test.each([301, 302, 307, 308])(
    'does not send the token to another host on a redirect with %i',
    async (code) => {
      const received: IncomingHttpHeaders[] = []
      const other = await serve((request, response) => {
        received.push(request.headers)
        response.end('{}')
      })
      let requests = 0
      const url = await serve((request, response) => {
        if (JSON.stringify(request.headers).includes(token)) requests += 1
        const location = `${other.replace('127.0.0.1', 'localhost')}${request.url}`
        response.writeHead(code, { location }).end()
      })
      await writeStatus(url)
      expect(requests).toBe(1)
      expect(JSON.stringify(received)).not.toContain(token)
    },
  )

  test('an error contains nothing of the response of another service', async () => {
    for (const [code, body] of [
      [500, 'internal-page of a database'],
      [200, 'internal-page of a database'],
      [403, '<html>internal-page</html>'],
      [404, '{"internal-page": true}'],
    ] as const) {
      const url = await serve((_request, response) =>
        response.writeHead(code, { 'content-type': 'text/plain' }).end(body),
      )
      const answer = await writeStatus(url)
      expect([code, String(answer)]).not.toEqual([code, expect.stringContaining('internal-page')])
    }
  })

  test.each([
    ['an HTML page', 200, '<html>welcome</html>'],
    ['truncated JSON', 500, '{"message": "oh'],
    ['an empty body', 502, ''],
    ['an array', 404, '[1, null]'],
  ])('survives an answer with %s, and keeps its token out of errors', async (_what, code, body) => {
    const url = await serve((_request, response) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(body),
    )
    const answer = await writeStatus(url)
    if (code >= 400) expect(answer).toBeInstanceOf(Error)
    expect(String(answer)).not.toContain(token)
  })
})
