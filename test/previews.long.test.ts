import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '#platform/postgres/sql.ts'
import { gitHubPullRequest } from './support/forge.ts'
import { ask } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { processOf } from './support/processes.ts'
import { change, type Proposing, startProposing } from './support/pull-request.ts'
import { seededRandom } from './support/random.ts'
import { longTest } from './support/scale.ts'

/** What it says, and the variables that it was given; it takes its time to stop. */
const server = (version: string): string => `
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 700))
const { API_KEY = 'no key', LEVEL = 'no level', COLOUR = 'no colour' } = process.env
require('node:fs').writeFileSync(process.env.FAIRLEAD_DATA_DIR + '/note', 'mine')
require('node:http').createServer((_, response) => response.end([${JSON.stringify(version)}, API_KEY, LEVEL, COLOUR].join(', ')))
  .listen(process.env.PORT, '127.0.0.1')
`
const yaml = (settings: string): string => `
steps: {test: node --check server.js}
services: {web: {run: exec node server.js, health: /}, worker: sleep 3600}
environments: {staging: {}, production: {}}
pull_requests: ${settings}
`
const settings = '{preview: {services: [web], configuration: staging, env: {COLOUR: blue}}}'

describe('a preview', () => {
  let installation: Installation
  let started: Proposing[] = []
  beforeAll(async () => {
    installation = await startInstallation({
      env: {
        FAIRLEAD_PULLS_SECONDS: '0.4',
        FAIRLEAD_POLL_SECONDS: '0.4',
        FAIRLEAD_WRITE_BACK_SECONDS: '0.2',
      },
    })
  }, 60_000)
  afterAll(() => installation.stop())
  afterEach(async () => {
    for (const one of started) await one.remove()
    started = []
  })
  const start = async (app: string, more: { isConnected?: boolean } = {}): Promise<Proposing> => {
    const one = await startProposing(
      installation,
      app,
      { 'server.js': server('one'), 'fairlead.yaml': yaml(settings) },
      more,
    )
    started.push(one)
    return one
  }
  const answers = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
  /**
   * Everything that there is of a preview, wherever it is; who does not answer may have something.
   */
  const traces = async ({ app }: Proposing, number: number, port: number): Promise<string[]> => {
    const name = `pr-${number}`
    const folders = ['releases', 'log', 'tmp', 'data', 'observations', 'state'].map((kind) =>
      join(installation.home, 'host', kind),
    )
    const found = folders
      .flatMap((folder) => [join(folder, app, name), join(folder, `${app}.${name}`)])
      .filter(existsSync)
    const environment = await installation.client
      .getEnvironment({ params: { app, environment: name } })
      .catch(() => null)
    const processes: string[] = []
    for (const pid of (await readdir('/proc')).filter((one) => /^\d+$/.test(one))) {
      const variables = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0')
      if (
        variables.some(
          (one) => one === `FAIRLEAD_DATA_DIR=${join(installation.home, 'host/data', app, name)}`,
        )
      )
        processes.push(pid)
    }
    return [
      ...found,
      ...(environment ? [`the environment ${name}`] : []),
      ...processes.map((pid) => `process ${pid}`),
      ...((await answers(port)) ? [`port ${port}`] : []),
      ...((await ask(installation, app, name).catch(() => ({ status: 200 }))).status === 200
        ? ['its host name']
        : []),
    ]
  }
  const nothingLeft = (at: Proposing, number: number, port: number): Promise<void> =>
    waitFor(
      `nothing is left of preview ${number}`,
      async () => (await traces(at, number, port)).length === 0,
    )
  /** Proposes something, and answers its preview once it is there. */
  const previewOf = async (at: Proposing, number: number, version: string) => {
    const sha = await at.propose({ number, branch: `p${number}` }, { 'server.js': server(version) })
    const { preview, run } = await at.ran(number, sha)
    expect(run).toMatchObject({ state: 'succeeded' })
    expect(preview).toMatchObject({ environment: `pr-${number}`, sha })
    const port = Number(new URL(preview!.url!).port)
    return { sha, port, url: `http://127.0.0.1:${port}` }
  }
  const text = async (url: string): Promise<string> => (await fetch(url)).text()

  test('serves the head, is reported, follows a new head, and is removed after the merge', async () => {
    const at = await start('merged')
    await installation.client.changeConfiguration({
      params: { app: 'merged', environment: 'staging' },
      body: { variables: { LEVEL: 'loud' }, secrets: { API_KEY: 'hunter2-hunter2' } },
    })
    const { port, url } = await previewOf(at, 1, 'two')
    expect(await text(url)).toBe('two, hunter2-hunter2, loud, blue')
    expect((await ask(installation, 'merged', 'pr-1')).text).toMatch(/^two/)
    expect(await traces(at, 1, port)).not.toEqual([])
    const { instances } = await installation.client.getEnvironment({
      params: { app: 'merged', environment: 'pr-1' },
    })
    expect(instances.map(({ service, state }) => [service, state])).toEqual([['web', 'healthy']])
    // It is none of the line, and production is still the last one.
    const line = await installation.client.getLine({ params: { app: 'merged' } })
    expect(line.environments.map(({ name }) => name)).toEqual(['staging', 'production'])
    expect(line.pullRequests).toEqual({ open: 1, previews: 1 })
    const { deployments } = await installation.client.listDeployments({ query: { app: 'merged' } })
    expect(new Set(deployments.map(({ environment }) => environment))).toEqual(
      new Set(['staging', 'production']),
    )
    const ofPreview = () => at.forge.deployments.filter(({ environment }) => environment === 'pr-1')
    await waitFor(
      'the forge has the report',
      async () => ofPreview()[0]?.states.at(-1) === 'success',
    )
    expect(ofPreview()[0]).toMatchObject({
      isTransient: true,
      addresses: [`http://localhost:${port}`],
    })
    await expect(
      installation.client.changeConfiguration({
        params: { app: 'merged', environment: 'pr-1' },
        body: { variables: { A: '1' } },
      }),
    ).rejects.toThrow(/pr-1 belongs to a pull request/)
    expect((await installation.cli('status', 'merged')).stdout).toContain(
      '1 open pull request, 1 preview',
    )
    expect((await installation.cli('doctor')).stdout).toMatch(/previews.* 1 of pull requests/)
    expect((await installation.cli('pulls', 'show', 'merged', '1')).stdout).toContain(
      `http://localhost:${port}`,
    )

    const next = await previewOf(at, 1, 'three')
    expect(next.port).toBe(port)
    expect(await text(url)).toMatch(/^three/)
    at.say(1, { state: 'merged' })
    await nothingLeft(at, 1, port)
    expect(await at.get(1)).toMatchObject({
      state: 'merged',
      preview: null,
      reason: 'it was merged into main',
    })
    await waitFor(
      'the forge has the report',
      async () => ofPreview().at(-1)?.states.at(-1) === 'inactive',
    )
    // Production had nothing to do with it.
    expect((await ask(installation, 'merged', 'production')).text).toMatch(/^one/)
  }, 120_000)

  longTest(
    'of a fork needs an approval, and gets no secrets',
    async () => {
      const at = await start('fork')
      await installation.client.changeConfiguration({
        params: { app: 'fork', environment: 'staging' },
        body: { variables: { LEVEL: 'loud' }, secrets: { API_KEY: 'hunter2-hunter2' } },
      })
      const sha = await at.propose(
        { number: 1, branch: 'x', fork: 'mallory/shop' },
        { 'server.js': server('theirs') },
      )
      expect(await at.ran(1, sha, false)).toMatchObject({
        preview: null,
        run: { state: 'succeeded' },
      })
      await installation.client.approvePullRequest({
        params: { app: 'fork', number: 1 },
        body: { sha },
      })
      const { preview } = await at.ran(1, sha, true)
      expect(await text(`http://127.0.0.1:${new URL(preview!.url!).port}`)).toBe(
        'theirs, no key, loud, blue',
      )
      await installation.client.deleteApp({ params: { app: 'fork' } })
      await nothingLeft(at, 1, Number(new URL(preview!.url!).port))
    },
    120_000,
  )

  longTest(
    'stays while the forge is down, and is removed after its lifetime or with the pull request',
    async () => {
      const at = await start('lost')
      const first = await previewOf(at, 1, 'two')
      const second = await previewOf(at, 2, 'three')
      at.forge.instead = () => ({ status: 503, body: { message: 'down' } })
      // What it said last does not count while it is down.
      at.say(1, { state: 'closed' })
      await waitFor('it says why', async () => {
        const { problem } = await installation.client.listPullRequests({ params: { app: 'lost' } })
        return problem?.includes('503') === true
      })
      expect([await answers(first.port), await answers(second.port)]).toEqual([true, true])
      await change(
        installation,
        sql`update pull_request set active = now() - interval '8 days' where app = 'lost' and number = 2`,
      )
      await nothingLeft(at, 2, second.port)
      expect(await at.get(2)).toMatchObject({ state: 'open', preview: null })
      expect(await answers(first.port)).toBe(true)
      at.forge.instead = null
      // No webhook reported it: the next poll finds it.
      await nothingLeft(at, 1, first.port)
      // A person can start it again.
      await installation.cli('pulls', 'run', 'lost', '2')
      await waitFor('it is back', async () => (await at.get(2)).preview?.sha === second.sha)
      const port = Number(new URL((await at.get(2)).preview!.url!).port)
      at.say(2, null)
      await nothingLeft(at, 2, port)
      expect(await at.get(2)).toMatchObject({
        state: 'closed',
        reason: 'it no longer exists at the Git provider',
      })
    },
    120_000,
  )

  longTest.each(['server', 'host'] as const)(
    'leaves nothing when the %s is killed during its removal',
    async (which) => {
      const at = await start(`killed-${which}`)
      const random = seededRandom()
      const ports: number[] = []
      for (const number of [1, 2, 3])
        ports.push((await previewOf(at, number, `version ${number}`)).port)
      for (const index of ports.keys()) {
        at.say(index + 1, { state: 'closed' })
        await waitFor('it is closed', async () => (await at.get(index + 1)).state === 'closed')
        // The removal takes the 700 ms that its service takes to stop, and some more.
        await new Promise((resolve) => setTimeout(resolve, (index + random()) * 300))
        if (which === 'server') {
          await installation.killServer()
          await installation.start()
        } else process.kill(await processOf(installation, 'host'), 'SIGKILL')
      }
      for (const [index, port] of ports.entries()) await nothingLeft(at, index + 1, port)
      const bare = `--git-dir=${installation.home}/repositories/${at.app}.git`
      await waitFor(
        'no head is left',
        async () => !(await at.repository.git(bare, 'for-each-ref')).includes('refs/fairlead'),
      )
      expect((await ask(installation, at.app, 'production')).text).toMatch(/^one/)
    },
    180_000,
  )

  longTest(
    'that the database does not have is removed from the host',
    async () => {
      const at = await start('orphan')
      const { port } = await previewOf(at, 1, 'two')
      await change(
        installation,
        sql`delete from environment where app = 'orphan' and name = 'pr-1'`,
      )
      await nothingLeft(at, 1, port)
      expect((await ask(installation, 'orphan', 'production')).text).toMatch(/^one/)
      at.say(1, { state: 'closed' })
    },
    120_000,
  )

  longTest(
    'is deployed and removed by webhooks alone, without a connected forge',
    async () => {
      const at = await start('announced', { isConnected: false })
      const { secret } = await installation.client.putWebhook({ params: { app: 'announced' } })
      const send = async (state: 'open' | 'closed', number: number, sha: string): Promise<void> => {
        const { headers, body } = gitHubPullRequest(secret, {
          number,
          state,
          sha,
          branch: `p${number}`,
        })
        const response = await fetch(`${installation.url}/webhooks/announced`, {
          method: 'POST',
          headers,
          body,
        })
        expect(response.status).toBe(202)
      }
      const sha = await at.propose({ number: 4, branch: 'p4' }, { 'server.js': server('four') })
      await send('open', 4, sha)
      const { preview } = await at.ran(4, sha)
      const port = Number(new URL(preview!.url!).port)
      expect(await text(`http://127.0.0.1:${port}`)).toMatch(/^four/)
      // A new head is found without a word.
      const next = await at.propose({ number: 4, branch: 'p4' }, { 'server.js': server('five') })
      await at.ran(4, next)
      await send('closed', 4, next)
      await nothingLeft(at, 4, port)
      const { deliveries } = await installation.client.listWebhookDeliveries({
        params: { app: 'announced' },
      })
      expect(deliveries.map(({ outcome }) => outcome)).toEqual([
        'pull request 4 is closed; its sync was requested',
        'pull request 4 is open; its sync was requested',
      ])
      // A ref that is gone ends it, too.
      const other = await at.propose({ number: 5, branch: 'p5' }, { 'server.js': server('six') })
      await send('open', 5, other)
      const last = await at.ran(5, other)
      await at.repository.git('update-ref', '-d', 'refs/pull/5/head')
      await nothingLeft(at, 5, Number(new URL(last.preview!.url!).port))
      expect(await at.get(5)).toMatchObject({
        state: 'closed',
        reason: 'the repository has no refs/pull/5/head',
      })
    },
    120_000,
  )

  longTest(
    'that is unhealthy fails the run and keeps the previous one, until previews are disabled',
    async () => {
      const at = await start('sick')
      const { port, url } = await previewOf(at, 1, 'two')
      const sha = await at.propose({ number: 1, branch: 'p1' }, { 'server.js': 'process.exit(3)' })
      const { run } = await at.ran(1, sha)
      expect(run?.state).toBe('failed')
      expect(await text(url)).toMatch(/^two/)
      await at.repository.commit({ 'fairlead.yaml': yaml('true') })
      await nothingLeft(at, 1, port)
      expect(await at.get(1)).toMatchObject({ state: 'open' })
    },
    120_000,
  )
})
