import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ForgeKind } from '#contract/forge/forge.ts'
import { endedRun, moreRuns, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyApp } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { makeGitHubApp } from './support/github-app.ts'
import { type ForgeServer, startForge } from './support/forge-server.ts'
import { isLong, longTest } from './support/scale.ts'

describe('reports to a forge', () => {
  const token = 'forge-token-51f0'
  let installation: Installation
  let forge: ForgeServer
  let repositories: Repository[] = []
  beforeAll(async () => {
    installation = await startInstallation({
      env: {
        FAIRLEAD_PRIVATE_HOSTS: '127.0.0.1, localhost',
        FAIRLEAD_WRITE_BACK_SECONDS: '0.2',
      },
    })
  })
  afterAll(() => installation.stop())
  beforeEach(async () => {
    forge = await startForge(token)
  })
  afterEach(async () => {
    await forge.stop()
    for (const one of repositories) await one.remove()
    repositories = []
  })

  const connect = async (app: string, kind: ForgeKind, url = forge.url): Promise<void> => {
    await installation.client.createApp({ body: { name: app } })
    const body = { kind, url, repository: 'acme/shop', token }
    await installation.client.putForge({ params: { app }, body })
  }
  const deliver = async (app: string, repository: Repository): Promise<string> => {
    await push(installation, app, repository)
    const { runs } = await installation.client.listRuns({ query: { app, limit: 1 } })
    return (await endedRun(installation, runs[0]!.id)).state
  }
  const repositoryOf = async (files: Record<string, string>): Promise<Repository> => {
    const repository = await makeRepository(files)
    repositories.push(repository)
    return repository
  }
  const reported = (app: string) => installation.client.getForge({ params: { app } })
  const toEnd = (name: string, state: string): Promise<void> =>
    waitFor(`${name} is ${state}`, async () => forge.statuses.get(name)?.at(-1) === state)

  const quick = [['github', '', 'success', 'failure']] as const
  const others = [
    ['forgejo', '', 'success', 'failure'],
    ['gitlab', '', 'success', 'failed'],
    ['gitea', '', 'success', 'failure'],
    ['bitbucket', '', 'SUCCESSFUL', 'FAILED'],
    ['bitbucket', '/2.0', 'SUCCESSFUL', 'FAILED'],
  ] as const
  test.each(isLong ? [...quick, ...others] : quick)(
    'of kind %s%s contain the results of commits and deployments',
    async (kind, path, good, bad) => {
      const app = `reported-${kind}${path === '' ? '' : '-cloud'}`
      await connect(app, kind, `${forge.url}${path}`)
      const repository = await repositoryOf(
        tinyApp('one', 'environments: {staging: {}, production: {}}\n'),
      )
      expect(await deliver(app, repository)).toBe('succeeded')
      await toEnd('fairlead', good)
      if (kind === 'github' || kind === 'gitlab') {
        await waitFor(
          'both deployments are reported',
          async () =>
            forge.deployments.length === 2 &&
            forge.deployments.every(({ states }) => states.at(-1) === 'success'),
        )
        expect(forge.deployments.map(({ environment }) => environment)).toEqual([
          'staging',
          'production',
        ])
        expect([...forge.statuses.keys()]).toEqual(['fairlead'])
      } else {
        await toEnd('fairlead/staging', good)
        await toEnd('fairlead/production', good)
      }
      await repository.commit({ 'fairlead.yaml': 'steps: {test: "false"}\n' })
      expect(await deliver(app, repository)).toBe('failed')
      await toEnd('fairlead', bad)
      const { forge: told, reports } = await reported(app)
      expect(told).toMatchObject({ kind, repository: 'acme/shop', problem: null, paused: null })
      expect(reports.filter(({ problem }) => problem !== null)).toEqual([])
      expect(JSON.stringify({ told, reports })).not.toContain(token)
      expect(installation.output()).not.toContain(token)
    },
  )

  longTest(
    'wait while it is down or limits the rate, are sent once, and delay no delivery',
    async () => {
      let refusals = 0
      forge.instead = () => {
        refusals += 1
        if (refusals === 1) return { status: 503, body: {} }
        if (refusals === 2)
          return { status: 429, headers: { 'retry-after': '8' }, body: { message: 'slow down' } }
        return null
      }
      await connect('patient', 'github')
      const repository = await repositoryOf(tinyApp('one', 'environments: {production: {}}\n'))
      expect(await deliver('patient', repository)).toBe('succeeded')
      let paused: Awaited<ReturnType<typeof reported>>['forge']
      await waitFor('the problem is shown', async () => {
        paused = (await reported('patient')).forge
        return paused?.problem?.includes('429') === true
      })
      expect(paused!).toMatchObject({
        problem: 'it answers 429: slow down',
        paused: expect.any(String),
      })
      const before = forge.asked.length
      await toEnd('fairlead', 'success')
      expect(forge.asked.length).toBeGreaterThan(before)
      await waitFor(
        'the deployment is reported',
        async () => forge.deployments[0]?.states.at(-1) === 'success',
      )
      // Outdated states were not reported.
      expect(forge.statuses.get('fairlead')).toEqual(['success'])
      expect(forge.deployments).toHaveLength(1)
    },
  )

  longTest(
    'create a deployment once, also when the server dies before it stores the ID',
    async () => {
      await connect('lost', 'github')
      // The deployment is created, and the next request fails.
      forge.instead = ({ method, path }) =>
        method === 'POST' && path.endsWith('/statuses') ? { status: 502, body: {} } : null
      const repository = await repositoryOf(tinyApp('one', 'environments: {production: {}}\n'))
      expect(await deliver('lost', repository)).toBe('succeeded')
      await waitFor('the deployment is created', async () => forge.deployments.length > 0)
      await waitFor(
        'the status was tried twice',
        async () => forge.asked.filter(({ path }) => path.endsWith('/statuses')).length > 1,
      )
      await installation.killServer()
      forge.instead = null
      await installation.start()
      await waitFor('it is reported', async () => forge.deployments[0]?.states.at(-1) === 'success')
      expect(forge.deployments).toHaveLength(1)
      await toEnd('fairlead', 'success')
      const before = forge.asked.length
      await moreRuns(installation, 'report-results-to-forges', 3)
      expect(forge.asked.length).toBe(before)
    },
  )

  test('that it refuses are sent once, and show the reason', async () => {
    forge.instead = () => ({ status: 422, body: { message: 'No commit found for SHA' } })
    await connect('unknown', 'github')
    const repository = await repositoryOf({ 'fairlead.yaml': 'steps: {test: "true"}\n' })
    expect(await deliver('unknown', repository)).toBe('succeeded')
    await waitFor(
      'the refusal is shown',
      async () =>
        (await reported('unknown')).reports[0]?.problem?.includes('No commit found') === true,
    )
    expect((await reported('unknown')).forge).toMatchObject({ problem: null })
  })

  test('are checks with annotations for a GitHub App', async () => {
    const app = makeGitHubApp('4711', token)
    forge.instead = app.answer
    await installation.client.createApp({ body: { name: 'checked' } })
    const body = {
      kind: 'github' as const,
      url: forge.url,
      repository: 'acme/shop',
      appId: '4711',
      token: app.key,
    }
    await installation.client.putForge({ params: { app: 'checked' }, body })
    const sarif = (level: string, rule: string): string =>
      JSON.stringify({
        ...{ version: '2.1.0', $schema: 'https://json.schemastore.org/sarif-2.1.0.json' },
        runs: [
          {
            tool: { driver: { name: 'lint' } },
            results: [
              {
                ...{ ruleId: rule, level, message: { text: 'eval is evil' } },
                locations: [
                  {
                    physicalLocation: {
                      artifactLocation: { uri: 'a.js' },
                      region: { startLine: 2 },
                    },
                  },
                ],
              },
            ],
          },
        ],
      })
    const yaml = `steps: {lint: {run: cp found.json lint.sarif, reports: lint.sarif}}
gates: {clean: 'findings.all(f, f.level != "error")'}
environments: {production: {}}
`
    const repository = await repositoryOf({
      'fairlead.yaml': yaml,
      'a.js': 'one\neval(two)\n',
      'found.json': sarif('note', 'no-var'),
    })
    expect(await deliver('checked', repository)).toBe('succeeded')
    await waitFor('it is reported', async () => app.checks[0]?.conclusion === 'success')
    await repository.commit({ 'found.json': sarif('error', 'no-eval') })
    expect(await deliver('checked', repository)).toBe('failed')
    await waitFor('it is reported', async () => app.checks.at(-1)?.conclusion === 'failure')
    expect(app.checks).toHaveLength(2)
    expect(app.checks[1]).toMatchObject({
      name: 'fairlead',
      status: 'completed',
      details_url: expect.stringContaining('/runs/'),
    })
    expect(app.checks[1]?.output.summary).toContain('gate `clean`: failed')
    expect(app.checks[1]?.output.annotations).toEqual([
      {
        ...{ path: 'a.js', start_line: 2, end_line: 2, annotation_level: 'failure' },
        ...{ title: 'lint: no-eval', message: 'eval is evil' },
      },
    ])
    // One token is reused, and neither the token nor the key is shown.
    expect(forge.asked.filter(({ path }) => path.endsWith('/access_tokens'))).toHaveLength(1)
    expect(forge.statuses.size).toBe(0)
    const shown = JSON.stringify(await reported('checked'))
    expect(shown).toContain('"appId":"4711"')
    expect(shown).not.toContain('PRIVATE KEY')
  })

  test('that the token does not permit are sent after a new token is set', async () => {
    forge.instead = ({ path }) =>
      path.includes('/deployments')
        ? { status: 403, body: { message: 'Resource not accessible by token' } }
        : null
    await connect('narrow', 'github')
    expect(
      await deliver(
        'narrow',
        await repositoryOf(tinyApp('one', 'environments: {production: {}}\n')),
      ),
    ).toBe('succeeded')
    await toEnd('fairlead', 'success')
    await waitFor('the refusal is shown', async () =>
      (await reported('narrow')).reports.some(({ problem }) => problem?.includes('403')),
    )
    expect(forge.deployments).toEqual([])
    forge.instead = null
    const body = { kind: 'github' as const, url: forge.url, repository: 'acme/shop', token }
    await installation.client.putForge({ params: { app: 'narrow' }, body })
    await waitFor(
      'the deployment is reported',
      async () => forge.deployments[0]?.states.at(-1) === 'success',
    )
  })

  longTest(
    'pause while the token is wrong, and continue immediately with a new token',
    async () => {
      await connect('wrong', 'gitea')
      await installation.client.putForge({
        params: { app: 'wrong' },
        body: { kind: 'gitea', url: forge.url, repository: 'acme/shop', token: 'another' },
      })
      const repository = await repositoryOf({ 'fairlead.yaml': 'steps: {test: "true"}\n' })
      expect(await deliver('wrong', repository)).toBe('succeeded')
      await waitFor(
        'the refusal is shown',
        async () => (await reported('wrong')).forge?.problem?.startsWith('it answers 401') === true,
      )
      const { code, stderr } = await installation.cli('forge', 'show', 'wrong')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      await installation.client.putForge({
        params: { app: 'wrong' },
        body: { kind: 'gitea', url: forge.url, repository: 'acme/shop', token },
      })
      await toEnd('fairlead', 'success')
      expect((await installation.cli('provider', 'delete', 'wrong')).stdout).toContain(
        'Disconnected the Git provider of wrong',
      )
      expect((await reported('wrong')).forge).toBeNull()
    },
  )

  test.each([
    [{ kind: 'gitea', repository: 'acme/shop', token }, /url: must say where the API/],
    [{ kind: 'github', repository: 'acme/../x', token }, /OWNER\/NAME/],
    [{ kind: 'github', repository: 'acme/shop', token: 'two words' }, /one word/],
    [{ kind: 'github', url: 'file:///etc/passwd', repository: 'acme/shop', token }, /https:\/\//],
    [
      { kind: 'github', url: 'https://a:b@git.example.com', repository: 'acme/shop', token },
      /must not hold a user/,
    ],
    [
      { kind: 'github', repository: 'acme/shop', appId: '1', token },
      /must be the private key of the App/,
    ],
    [
      { kind: 'gitea', url: 'https://x.example', repository: 'acme/shop', appId: '1', token },
      /appId: is not accepted by Gitea/,
    ],
    [
      { kind: 'gitea', url: 'http://10.1.2.3', repository: 'acme/shop', token },
      /url: 10\.1\.2\.3 is in a private network; the administrator .* FAIRLEAD_PRIVATE_HOSTS/,
    ],
    [{ kind: 'svn', repository: 'acme/shop', token }, /kind/],
  ])('the configuration %j is refused with a sentence', async (body, sentence) => {
    await installation.client.createApp({ body: { name: 'refused' } })
    const answer = installation.client.putForge({ params: { app: 'refused' }, body: body as never })
    await expect(answer).rejects.toThrow(sentence)
  })
})
