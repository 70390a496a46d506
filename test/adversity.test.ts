import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot, selfCommand } from '#platform/self.ts'
import { ask, endedRun, push } from './support/app.ts'
import { freePorts } from './support/ports.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyApp, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { commandsOf, processOf } from './support/processes.ts'
import { isAlive } from './support/host.ts'
import { requiresRoot } from './support/programs.ts'
import { longTest } from './support/scale.ts'

const one = '\nenvironments: {production: {}}\n'
const repositories: Repository[] = []
async function repositoryWith(files: Record<string, string>): Promise<Repository> {
  const repository = await makeRepository(files)
  repositories.push(repository)
  return repository
}
async function latest(installation: Installation, app: string): Promise<number> {
  return (await installation.client.listRuns({ query: { app } })).runs[0]?.id ?? 0
}
afterAll(() => Promise.all(repositories.map((repository) => repository.remove())))

describe('services that misbehave', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await startInstallation()
  })
  afterAll(() => installation.stop())

  longTest('listening on another port than $PORT is named, with both ports', async () => {
    const repository = await repositoryWith({
      'server.js': "require('node:http').createServer((q, r) => r.end('x')).listen(0, '127.0.0.1')",
      'fairlead.yaml': `services: {web: {run: exec node server.js, health: {path: /, timeout: 3s}}}${one}`,
    })
    await push(installation, 'wrong-port', repository)
    const run = await endedRun(installation, await latest(installation, 'wrong-port'))
    expect(run.state).toBe('failed')
    expect(run.reason).toMatch(/listens on port \d+ instead of \$PORT/)
  })

  test('a fault on purpose is made, tolerated and undone', async () => {
    const repository = await repositoryWith({
      'server.js': tinyServer('ok'),
      'fairlead.yaml': `services:
  web: {run: exec node server.js, health: /}
  worker: {run: exec sleep 100000, port: false}
monitors: {home: {http: /, every: 1s}}
experiments: {hang: {action: pause, service: worker, environments: staging, for: 1s}}
environments: {staging: {watch: 0}, production: {watch: 0}}
`,
    })
    await push(installation, 'tolerant', repository)
    const { reason } = await endedRun(installation, await latest(installation, 'tolerant'))
    expect(reason).toBeNull()
    const staging = { app: 'tolerant', environment: 'staging' }
    const params = { ...staging, experiment: 'hang' }
    const { client } = installation
    await waitFor('the environment is in its steady state', async () => {
      const { refusals } = await client.previewExperiment({ params })
      return refusals.length === 0
    })
    const { code, stdout } = await installation.cli('experiment', 'run', ...Object.values(params))
    expect(stdout).toContain('worker tolerated the fault for 1 s')
    expect(code).toBe(0)
    const [run] = (await client.listExperimentRuns({ params: staging, query: {} })).experimentRuns
    expect(run).toMatchObject({ state: 'passed', undone: expect.any(String) })
    expect((await client.stopExperiments({ body: { reason: 'for the test' } })).isServed).toBe(true)
    expect((await client.previewExperiment({ params })).refusals[0]).toContain('for the test')
    await client.allowExperiments({})
  })

  longTest(
    'one that ignores SIGTERM is killed after its grace, and its children with it',
    async () => {
      const stubborn = (text: string): string =>
        `${tinyServer(text)}\nprocess.on('SIGTERM', () => {})\nrequire('node:child_process').spawn('sleep', ['5151'], { detached: true })`
      const repository = await repositoryWith({
        'server.js': stubborn('one'),
        'fairlead.yaml': `services: {web: {run: exec node server.js, health: /, stop: {grace: 1s}}}${one}`,
      })
      await push(installation, 'stubborn', repository)
      await endedRun(installation, await latest(installation, 'stubborn'))
      const first =
        (
          await installation.client.getEnvironment({
            params: { app: 'stubborn', environment: 'production' },
          })
        ).instances[0]?.pid ?? 0
      await repository.commit({ 'server.js': stubborn('two') })
      await push(installation, 'stubborn', repository)
      expect(await endedRun(installation, await latest(installation, 'stubborn'))).toMatchObject({
        state: 'succeeded',
      })
      await waitFor('the old one is gone', async () => !isAlive(first))
      await waitFor(
        'and one child is left, that of the new one',
        async () =>
          (await commandsOf(installation)).filter((command) => command === 'sleep 5151').length ===
          1,
      )
      expect((await ask(installation, 'stubborn', 'production')).text).toBe('two')
    },
  )

  longTest(
    'a fixed port that is taken is tried again until it is free; by host name the environment answers all the time',
    async () => {
      const blocker = createServer()
      const port = installation.edgePort + 9
      await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve))
      const repository = await repositoryWith(
        tinyApp('blocked', `\nenvironments: {production: {port: ${port}}}\n`),
      )
      await push(installation, 'blocked', repository)
      expect(await endedRun(installation, await latest(installation, 'blocked'))).toMatchObject({
        state: 'succeeded',
      })
      expect((await ask(installation, 'blocked', 'production')).text).toBe('blocked')
      const params = { app: 'blocked', environment: 'production' }
      const byHost = `http://blocked.production.localhost:${installation.edgePort}`
      const problem = expect.stringMatching(
        new RegExp(`^port ${port} is used by .+\\(process ${process.pid}\\); Fairlead opens it`),
      )
      await waitFor('the program is named', async () => {
        const { problem: said } = await installation.client.getEnvironment({ params })
        return said?.includes('process') === true
      })
      const { current, ...environment } = await installation.client.getEnvironment({ params })
      expect(environment).toMatchObject({ problem, urls: [byHost] })
      expect(current?.url).toBe(byHost)
      const { stdout } = await installation.cli('status', 'blocked')
      expect(stdout).toContain(`production: port ${port} is used by `)
      await new Promise((resolve) => blocker.close(resolve))
      await waitFor('the port answers', () =>
        fetch(`http://127.0.0.1:${port}`).then(
          async (r) => (await r.text()) === 'blocked',
          () => false,
        ),
      )
      expect(await installation.client.getEnvironment({ params })).toMatchObject({
        problem: null,
        urls: [byHost, `http://127.0.0.1:${port}`],
      })
    },
  )

  longTest('fixed ports move within an app; others are refused', async () => {
    const [one, two] = [installation.edgePort + 7, installation.edgePort + 8]
    const file = (environments: string): Record<string, string> => ({
      'index.html': 'hi',
      'fairlead.yaml': `services: {web: {static: .}}\nenvironments: {${environments}}\n`,
    })
    const deliver = async (app: string, environments: string, repository: Repository) => {
      await repository.commit(file(environments))
      await push(installation, app, repository)
      return endedRun(installation, await latest(installation, app))
    }
    const portOf = async (app: string, environment: string): Promise<string | null> => {
      const { current } = await installation.client.getEnvironment({ params: { app, environment } })
      return current?.url ?? null
    }
    const removeFormer = async (app: string, name: string): Promise<void> => {
      const remove = (...args: string[]) =>
        installation.cli('environment', 'remove', app, ...args, '--yes')
      expect((await installation.cli('status', app)).stdout).toContain(
        `${name}: no longer in fairlead.yaml`,
      )
      expect((await ask(installation, app, name)).text).toBe('hi')
      expect((await remove('a')).stderr).toContain('a is in the fairlead.yaml of the newest run')
      expect((await remove(name)).code).toBe(0)
      expect((await ask(installation, app, name)).status).toBe(404)
      const { formerEnvironments } = await installation.client.getLine({ params: { app } })
      expect(formerEnvironments).toEqual([])
      const { events } = await installation.client.listEvents({ query: { app, limit: 20 } })
      const types = events
        .filter(({ subject }) => subject === `environment/${app}/${name}`)
        .map(({ type }) => type)
      expect(types.slice(0, 3)).toEqual([
        'dev.cdevents.environment.deleted',
        'dev.cdevents.service.removed',
        'dev.cdevents.environment.modified',
      ])
    }
    const repository = await repositoryWith({})
    const succeeded = { state: 'succeeded' }
    expect(
      await deliver('moved', `a: {port: ${one}}, b: {port: ${two}}`, repository),
    ).toMatchObject(succeeded)
    expect(
      await deliver('moved', `a: {port: ${two}}, c: {port: ${one}}`, repository),
    ).toMatchObject(succeeded)
    expect([
      await portOf('moved', 'a'),
      await portOf('moved', 'b'),
      await portOf('moved', 'c'),
    ]).toEqual([
      `http://127.0.0.1:${two}`,
      `http://moved.b.localhost:${installation.edgePort}`,
      `http://127.0.0.1:${one}`,
    ])
    expect(await (await fetch(`http://127.0.0.1:${one}`)).text()).toBe('hi')
    await removeFormer('moved', 'b')
    expect(await deliver('moved', 'a: {}, b: {}, c: {}', repository)).toMatchObject(succeeded)
    expect((await ask(installation, 'moved', 'b')).text).toBe('hi')
    const other = await repositoryWith({})
    const refused = await deliver('other', `dev: {port: ${one}}`, other)
    expect(refused).toMatchObject({ state: 'failed' })
    expect(refused.reason).toContain(
      `port ${one} of the environment dev is used by the environment c of moved; `,
    )
    const domain = 'shop.example.com'
    expect(await deliver('moved', `a: {domains: ${domain}}, b: {}`, repository)).toMatchObject(
      succeeded,
    )
    expect((await deliver('other', `dev: {domains: ${domain}}`, other)).reason).toContain(
      `the domain ${domain} of the environment dev is used by the environment a of moved; `,
    )
    const reserved = await deliver('other', `dev: {port: ${installation.port}}`, other)
    expect(reserved.reason).toContain(
      `environment \`dev\` uses port ${installation.port}, which belongs to the API`,
    )
  })

  test('a secret in the output of a step is masked, and a step sees only the secrets it names', async () => {
    const repository = await repositoryWith({
      ...tinyApp('one', one),
      'fairlead.yaml':
        'steps:\n  names: {run: "echo value=$KEY", secrets: [KEY]}\n  none: {run: "echo value=$KEY"}\nservices: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {}}\n',
    })
    const params = { app: 'masked', environment: 'production' }
    const unknown = installation.client.getConfiguration({ params })
    await expect(unknown).rejects.toThrow('There is no app masked.')
    await installation.client.createApp({ body: { name: 'masked' } })
    expect(await installation.client.getConfiguration({ params })).toMatchObject({ version: 0 })
    await expect(
      installation.client.changeConfiguration({ params, body: { secrets: { KEY: 'a\0b' } } }),
    ).rejects.toThrow('secrets.KEY: must not contain the character NUL')
    const changed = await installation.client.changeConfiguration({
      params,
      body: { secrets: { KEY: 'correct-horse-battery' } },
    })
    expect(changed).toMatchObject({
      deployment: null,
      warning: expect.stringContaining('masked has no environment production yet'),
    })
    await push(installation, 'masked', repository)
    const again = { id: await latest(installation, 'masked') }
    expect(await endedRun(installation, again.id)).toMatchObject({ state: 'succeeded' })
    await expect(
      installation.client.getConfiguration({ params: { ...params, environment: 'prod' } }),
    ).rejects.toThrow('There is no environment masked/prod.')
    const text = async (step: string): Promise<string> =>
      (await installation.client.getLog({ params: { run: again.id, step } })).lines
        .map((line) => line.text)
        .join('\n')
    expect(await text('names')).toBe('value=***')
    expect(await text('none')).toBe('value=')
  })
})

/** Ends the host, and gives an environment the port of the API before the next host starts. */
async function moveEnvironmentToPortOfApi(
  installation: Installation,
  app: string,
  environment: string,
): Promise<void> {
  process.kill(await processOf(installation, 'host'), 'SIGKILL')
  const file = join(installation.home, 'host/state', `${app}.${environment}.wanted.json`)
  const wanted = JSON.parse(await readFile(file, 'utf8')) as { route: { port: number } }
  wanted.route.port = installation.port
  await writeFile(file, JSON.stringify(wanted))
}

describe('a machine that misbehaves', () => {
  longTest(
    'after a restart the API has its port, and commits made meanwhile are delivered',
    async () => {
      const installation = await startInstallation()
      try {
        const repository = await repositoryWith(tinyApp('before', one))
        await installation.client.createApp({
          body: { name: 'later', repository: { kind: 'path', path: repository.folder } },
        })
        await installation.client.createRun({ params: { app: 'later' }, body: {} })
        await endedRun(installation, await latest(installation, 'later'))
        await installation.stopServer()
        expect((await ask(installation, 'later', 'production')).text).toBe('before')
        await repository.commit({ 'server.js': tinyServer('after') })
        await moveEnvironmentToPortOfApi(installation, 'later', 'production')
        await installation.start()
        await waitFor(
          'the commit is delivered',
          async () => (await ask(installation, 'later', 'production')).text === 'after',
        )
      } finally {
        await installation.stop()
      }
    },
  )

  longTest('a disk that is nearly full makes new work wait, and says why', async () => {
    const installation = await startInstallation({ env: { FAIRLEAD_DISK_FLOOR_MB: '1000000000' } })
    try {
      const repository = await repositoryWith(tinyApp('one', one))
      await push(installation, 'full', repository)
      const run = await latest(installation, 'full')
      await waitFor(
        'it says why',
        async () =>
          (await installation.client.getRun({ params: { run } })).reason?.startsWith(
            'waiting for disk space: ',
          ) === true,
      )
      await installation.client.cancelRun({ params: { run } })
      expect(await endedRun(installation, run)).toMatchObject({ state: 'cancelled' })
    } finally {
      await installation.stop()
    }
  })

  longTest('a run that waits for its turn can be cancelled before it began', async () => {
    const installation = await startInstallation({ env: { FAIRLEAD_CONCURRENCY: '1' } })
    try {
      const slow = await repositoryWith({
        'fairlead.yaml': 'steps: {wait: sleep 600}\nservices: {web: exec node server.js}\n',
      })
      await push(installation, 'slow', slow)
      const first = await latest(installation, 'slow')
      await waitFor(
        'it runs',
        async () =>
          (await installation.client.getRun({ params: { run: first } })).state === 'running',
      )
      const next = await repositoryWith(tinyApp('one', one))
      await push(installation, 'next', next)
      const second = await latest(installation, 'next')
      await installation.client.cancelRun({ params: { run: second } })
      expect(await endedRun(installation, second)).toMatchObject({ state: 'cancelled' })
      await installation.client.cancelRun({ params: { run: first } })
      expect(await endedRun(installation, first)).toMatchObject({ state: 'cancelled' })
    } finally {
      await installation.stop()
    }
  })

  test('without git the server says so in one sentence, and ends', async () => {
    const home = await mkdtemp(join(tmpdir(), 'fairlead-nogit-'))
    const bare = await mkdtemp(join(tmpdir(), 'fairlead-path-'))
    const [command, ...args] = selfCommand('server', '--no-sample')
    const { status, stderr } = spawnSync(command, args, {
      env: { PATH: bare, HOME: home, FAIRLEAD_HOME: home, FAIRLEAD_PORT: '19999' },
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(status).toBe(1)
    expect(stderr).toContain('git is not installed')
    await rm(home, { recursive: true, force: true })
    await rm(bare, { recursive: true, force: true })
  })

  longTest('an ordinary user can run it, too', requiresRoot, async () => {
    const home = await mkdtemp(join(tmpdir(), 'fairlead-user-'))
    await chmod(home, 0o777)
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      FAIRLEAD_HOME: join(home, 'fairlead'),
      FAIRLEAD_PORT: String(await freePorts()),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    }
    const asUser = (...args: string[]) => {
      const [command, ...rest] = selfCommand(...args)
      return spawnSync(
        'setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', command, ...rest],
        {
          env,
          cwd: home,
          encoding: 'utf8',
          timeout: 60_000,
        },
      )
    }
    const repository = await repositoryWith(tinyApp('nobody', one))
    await chmod(repository.folder, 0o755)
    const up = asUser('up', repository.folder, '--app', 'nobody')
    expect(up.stdout + up.stderr).toContain('nobody is live in production')
    expect(up.status).toBe(0)
    expect(asUser('stop', '--host').status).toBe(0)
    await rm(home, { recursive: true, force: true })
    expect(packageRoot).not.toBe('')
  })
})
