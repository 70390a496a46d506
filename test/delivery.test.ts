import { isDeepStrictEqual } from 'node:util'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, endedRun, push } from './support/app.ts'
import {
  fetchScript,
  makeRepository,
  type Repository,
  tinyApp,
  tinyServer,
} from './support/repository.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { commandsOf } from './support/processes.ts'
import { isLong, longTest } from './support/scale.ts'

let installation: Installation
const repositories: Repository[] = []
/** The repository of the app `first`. */
let first: Repository
beforeAll(async () => {
  installation = await startInstallation({
    env: { FAIRLEAD_CRASHES_SECONDS: '0.2' },
  })
  first = await repositoryWith(tinyApp('one'))
})
afterAll(async () => {
  await installation.stop()
  await Promise.all(repositories.map((repository) => repository.remove()))
})

async function repositoryWith(files: Record<string, string>): Promise<Repository> {
  const repository = await makeRepository(files)
  repositories.push(repository)
  return repository
}

const one = '\nenvironments: {production: {}}\n'
async function latestRun(app: string): Promise<number> {
  const { runs } = await installation.client.listRuns({ query: { app } })
  return runs[0]?.id ?? 0
}

describe('the line', () => {
  test('a push runs the steps and is deployed to all environments', async () => {
    const shown = await push(installation, 'first', first)
    expect(shown).toContain('remote:')
    const run = await endedRun(installation, await latestRun('first'))
    expect(run).toMatchObject({ state: 'succeeded', reason: null })
    expect(run.steps).toMatchObject([{ name: 'test', state: 'passed', attempt: 1 }])
    expect(run.deployments.map((one) => [one.environment, one.deployment?.state])).toEqual([
      ['dev', 'live'],
      ['staging', 'live'],
      ['production', 'live'],
    ])
    const artifacts = new Set(run.deployments.map((one) => one.deployment?.artifact))
    expect([...artifacts]).toEqual([run.artifact])
    expect(await ask(installation, 'first', 'production')).toEqual({ status: 200, text: 'one' })
    const environment = await installation.client.getEnvironment({
      params: { app: 'first', environment: 'production' },
    })
    expect(environment).toMatchObject({ health: 'healthy', rollback: { possible: false } })
    const byPort = await fetch(environment.urls[1] ?? '')
    expect(await byPort.text()).toBe('one')
  })

  test('the next push replaces it without a failed request', async () => {
    const repository = first
    let running = true
    const answers = new Map<string, number>()
    const load = (async () => {
      while (running) {
        const answer = await ask(installation, 'first', 'production').then(
          (a) => `${a.status} ${a.text}`,
          (error: Error) => error.message,
        )
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }
    })()
    await repository.commit({ 'server.js': tinyServer('two') }, 'Say two')
    await push(installation, 'first', repository)
    const run = await endedRun(installation, await latestRun('first'))
    await waitFor('two answers', async () => answers.has('200 two'))
    running = false
    await load
    expect(run.state).toBe('succeeded')
    expect([...answers.keys()].sort()).toEqual(['200 one', '200 two'])
  })

  test('a rollback by command is previewed, restores the previous release, and holds the change', async () => {
    const before = await installation.client.getEnvironment({
      params: { app: 'first', environment: 'production' },
    })
    expect(before.rollback.possible).toBe(true)
    const result = await installation.cli('rollback', 'first', 'production', '--json')
    expect(result.code, result.stderr).toBe(0)
    await waitFor(
      'one answers again',
      async () => (await ask(installation, 'first', 'production')).text === 'one',
    )
    await waitFor(
      'the change is held',
      async () =>
        (
          await installation.client.getEnvironment({
            params: { app: 'first', environment: 'production' },
          })
        ).held.length === 1,
    )
    expect((await ask(installation, 'first', 'staging')).text).toBe('two')
  })

  test('a held change is delivered again only on request', async () => {
    const held = await latestRun('first')
    const retried = await installation.client.retryRun({ params: { run: held } })
    expect(await endedRun(installation, retried.id)).toMatchObject({ state: 'succeeded' })
    expect((await ask(installation, 'first', 'production')).text).toBe('two')
  })

  test('every transition emits one event of the same chain, in order, and none contains a secret', async () => {
    const run = await installation.client.getRun({ params: { run: await latestRun('first') } })
    const { events } = await installation.client.listEvents({
      query: { chain: run.change.chain, after: 0, limit: 500 },
    })
    const types = events.map((event) => event.type.replace(/^dev\.cdevents(x\.fairlead-)?\.?/, ''))
    expect(types[0]).toBe('change.merged')
    expect(types).toContain('artifact.packaged')
    expect(types.filter((type) => type === 'pipelinerun.finished')).toHaveLength(2)
    expect(events.map((event) => event.id)).toEqual(
      events.map((event) => event.id).toSorted((a, b) => a - b),
    )
  })
})

describe('changes that must not be deployed', () => {
  test('a failing test stops the run, and its output is in the log', async () => {
    const repository = await repositoryWith(tinyApp('good', one))
    await push(installation, 'stops', repository)
    await endedRun(installation, await latestRun('stops'))
    await repository.commit({ 'server.js': 'this is no javascript' }, 'Break it')
    await push(installation, 'stops', repository)
    const run = await endedRun(installation, await latestRun('stops'))
    expect(run).toMatchObject({ state: 'failed' })
    expect(run.reason).toContain('step test failed')
    const log = await installation.client.getLog({ params: { run: run.id, step: 'test' } })
    expect(log.lines.map((line) => line.text).join('\n')).toContain('SyntaxError')
    expect(log.lines.map((line) => line.n)).toEqual(log.lines.map((_, i) => i + 1))
    expect((await ask(installation, 'stops', 'production')).text).toBe('good')
  })

  longTest('a service that never becomes healthy never gets traffic', async () => {
    const repository = await repositoryWith(tinyApp('good', one))
    await push(installation, 'sick', repository)
    await endedRun(installation, await latestRun('sick'))
    await repository.commit(
      {
        'server.js': `console.error('cannot find the ledger')
          for (let i = 0; i < 9; i++) console.log('end')
          process.exit(3)`,
      },
      'Crash at start',
    )
    await push(installation, 'sick', repository)
    const run = await endedRun(installation, await latestRun('sick'))
    expect(run.state).toBe('failed')
    expect(run.reason).toContain('cannot find the ledger')
    expect((await ask(installation, 'sick', 'production')).text).toBe('good')
    const environment = await installation.client.getEnvironment({
      params: { app: 'sick', environment: 'production' },
    })
    expect(environment).toMatchObject({ health: 'healthy', pending: [] })
    const { failed, ...live } = await installation.client.getServiceLog({
      params: { app: 'sick', environment: 'production' },
      query: { lines: 2 },
    })
    const web = { service: 'web', index: 0 }
    expect(failed).toMatchObject({
      reason: expect.stringContaining('; its first error: cannot find the ledger'),
      errors: [{ ...web, text: 'cannot find the ledger' }],
      lines: [
        { ...web, text: 'end' },
        { ...web, text: 'end' },
      ],
    })
    expect(live).toEqual({ deployment: environment.current?.id, lines: [], errors: [] })
  })

  test('a failed verification leaves the traffic unchanged', async () => {
    const yaml = (verify: string): string =>
      `services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {verify: '${verify}'}}\n`
    const repository = await repositoryWith({
      'server.js': tinyServer('good'),
      'fetch.js': fetchScript,
      'fairlead.yaml': yaml('node fetch.js | grep good'),
    })
    await push(installation, 'verified', repository)
    expect(await endedRun(installation, await latestRun('verified'))).toMatchObject({
      state: 'succeeded',
    })
    await repository.commit({ 'server.js': tinyServer('bad') })
    await push(installation, 'verified', repository)
    const run = await endedRun(installation, await latestRun('verified'))
    expect(run).toMatchObject({ state: 'failed' })
    expect(run.reason).toContain('the verification failed')
    expect((await ask(installation, 'verified', 'production')).text).toBe('good')
  })

  longTest('no request is lost, however a release fails or is slow to start', async () => {
    const start = "server.listen(process.env.PORT, '127.0.0.1')"
    const app = (text: string, onRequest = '', listen = start): string => `
      const server = require('node:http').createServer((request, response) => {
        const isCheck = request.headers['user-agent'] === 'fairlead-health'
        ${onRequest}
        response.end('${text}')
      })
      ${listen}`
    const services = 'services: {web: {run: exec node server.js, health: /}}'
    const repository = await repositoryWith({
      'server.js': app('good'),
      'fairlead.yaml': `${services}\nenvironments: {dev: {}, production: {}}\n`,
    })
    const deliver = async (files: Record<string, string>) => {
      await repository.commit(files)
      await push(installation, 'lossless', repository)
      return endedRun(installation, await latestRun('lossless'))
    }
    await deliver({ 'README.md': 'begin' })
    const answers = new Map<string, number>()
    let isRunning = true
    const load = ['dev', 'production'].map(async (environment) => {
      while (isRunning) {
        const answer = await ask(installation, 'lossless', environment).then(
          ({ status, text }) => `${environment} ${status} ${text}`,
          (error: Error) => `${environment} ${error.message}`,
        )
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
        // Leaves the processor to the delivery.
        await setTimeout(2)
      }
    })

    const early = await deliver({
      'server.js': app('early', 'if (isCheck) setTimeout(() => process.exit(5), 20)'),
    })
    expect(early.reason).toMatch(/^dev: web exited with 5/)
    const slow = await deliver({ 'server.js': app('slow', '', `setTimeout(() => ${start}, 500)`) })
    expect(slow).toMatchObject({ state: 'succeeded' })
    const used = await deliver({ 'server.js': app('used', 'if (!isCheck) process.exit(6)') })
    expect(used.state).toBe('failed')
    expect(used.reason).toMatch(/^dev: the release is rolled back: web exited with 6/)

    await waitFor('the rollback has ended', async () => {
      const query = { app: 'lossless', environment: 'dev', limit: 2 }
      const { deployments } = await installation.client.listDeployments({ query })
      return deployments[0]?.state === 'live' && deployments[1]?.state === 'rolled_back'
    })
    isRunning = false
    await Promise.all(load)
    expect([...answers.keys()].toSorted()).toEqual([
      'dev 200 good',
      'dev 200 slow',
      'production 200 good',
      'production 200 slow',
    ])
    // The change crashed in dev, so that it did not reach production.
    const [, production] = used.deployments
    expect(production?.deployment?.state ?? 'failed').toBe('failed')
  })

  longTest('a worker that keeps ending fails its first delivery', async () => {
    const repository = await repositoryWith({
      'server.js': tinyServer('good'),
      'fairlead.yaml': `services:
  web: {run: exec node server.js, health: /}
  worker: {run: 'sleep 0.1; echo no queue; exit 1', settle: 1s}
environments: {production: {}}
`,
    })
    await push(installation, 'loops', repository)
    const run = await endedRun(installation, await latestRun('loops'))
    expect(run).toMatchObject({
      state: 'failed',
      reason: 'production: worker exited with 1; its output ends with: no queue',
    })
    const params = { app: 'loops', environment: 'production' }
    expect((await installation.client.getEnvironment({ params })).current).toBeNull()
  })

  longTest('a crash loop after the watch emits one event, and one when it has ended', async () => {
    const answer = "request.url === '/exit' ? process.exit(3) : response.end('up')"
    const web = `require('node:http').createServer((request, response) => ${answer})`
    const repository = await repositoryWith({
      'server.js': `${web}.listen(process.env.PORT, '127.0.0.1')`,
      'fairlead.yaml': 'services: {web: node server.js}\nenvironments: {production: {watch: 0s}}\n',
    })
    await push(installation, 'crashing', repository)
    await endedRun(installation, await latestRun('crashing'))
    const params = { app: 'crashing', environment: 'production' }
    const eventsOf = async (type: string) => {
      const query = { app: 'crashing', type: `dev.cdeventsx.fairlead-crashloop.${type}`, limit: 10 }
      return (await installation.client.listEvents({ query })).events
    }
    await waitFor('the loop is reported', async () => {
      await ask(installation, 'crashing', 'production', '/exit').catch(() => undefined)
      return (await eventsOf('detected')).length > 0
    })
    const alertsOf = async () =>
      (await installation.client.listAlerts({ query: { app: 'crashing' } })).alerts
    await waitFor('an alert opens', async () => (await alertsOf()).length > 0)
    const [alert] = await alertsOf()
    expect(alert).toMatchObject({ environment: 'production', service: 'web', urgency: 'high' })
    expect(alert?.suspects).toMatchObject([{ reason: expect.stringContaining('they wrote') }])
    const environment = await installation.client.getEnvironment({ params })
    expect(environment.health).toBe('unhealthy')
    expect(environment.instances).toMatchObject([{ service: 'web', isLooping: true }])
    const status = await installation.cli('status', 'crashing')
    expect(status.stdout).toMatch(/production: web\.0 is in a crash loop \(\d+ restarts\)/)
    await repository.commit({ more: 'x' })
    await push(installation, 'crashing', repository)
    await endedRun(installation, await latestRun('crashing'))
    await waitFor('the end is reported', async () => (await eventsOf('ended')).length > 0)
    await waitFor('its sources end', async () => (await alertsOf())[0]?.state === 'resolved')
    const data = { ...{ environment: 'production', service: 'web' } }
    expect(await eventsOf('detected')).toMatchObject([{ data }])
    expect(await eventsOf('ended')).toMatchObject([
      { data: { ...data, reason: expect.stringMatching(/^deployment \d+ is live there now$/) } },
    ])
  })

  test('a release that crashes soon after going live is rolled back automatically', async () => {
    const repository = await repositoryWith(tinyApp('good', one))
    await push(installation, 'dies', repository)
    await endedRun(installation, await latestRun('dies'))
    await repository.commit({
      'server.js': `${tinyServer('bad')}\nsetTimeout(() => process.exit(7), 1500)`,
    })
    await push(installation, 'dies', repository)
    await endedRun(installation, await latestRun('dies'))
    await waitFor(
      'it is taken back',
      async () => (await ask(installation, 'dies', 'production')).text === 'good',
    )
    const { deployments } = await installation.client.listDeployments({ query: { app: 'dies' } })
    await waitFor('the history says so', async () => {
      const list = (await installation.client.listDeployments({ query: { app: 'dies' } }))
        .deployments
      return (
        list[0]?.kind === 'rollback' && list[0].state === 'live' && list[1]?.state === 'rolled_back'
      )
    })
    expect(deployments[0]?.actor).toBeDefined()
  })

  test.each<[kind: string, text: string, expected: string]>([
    ['malformed', 'steps: [', 'fairlead.yaml:'],
    ...(isLong
      ? ([
          ['huge', `# ${'x'.repeat(400_000)}`, 'fairlead.yaml'],
          ['unknown key', 'servces: {}', 'services'],
        ] satisfies [string, string, string][])
      : []),
  ])('a %s fairlead.yaml fails the run with one sentence', async (kind, text, expected) => {
    const app = `file-${kind.replace(' ', '-')}`
    const repository = await repositoryWith({ 'fairlead.yaml': text })
    await push(installation, app, repository)
    const run = await endedRun(installation, await latestRun(app))
    expect(run.state).toBe('failed')
    expect(run.reason).toContain(expected)
    expect(run.reason).not.toContain('\n')
  })

  test('a commit that deletes fairlead.yaml fails and leaves the live release unchanged', async () => {
    const repository = first
    await repository.commit({ 'fairlead.yaml': null }, 'Delete the file')
    await push(installation, 'first', repository)
    const run = await endedRun(installation, await latestRun('first'))
    expect(run).toMatchObject({ state: 'failed' })
    expect(run.reason).toContain('the commit has no fairlead.yaml')
    expect((await ask(installation, 'first', 'production')).text).toBe('two')
  })
})

describe('many changes', () => {
  test('the newest of many pushes goes live, and the others are superseded', async () => {
    const pushes = isLong ? 20 : 6
    const repository = await repositoryWith(tinyApp('0', one))
    for (let i = 1; i <= pushes; i += 1) {
      await repository.commit({ 'server.js': tinyServer(String(i)) }, `Say ${i}`)
      await push(installation, 'many', repository)
    }
    await waitFor('all runs end', async () =>
      (await installation.client.listRuns({ query: { app: 'many' } })).runs.every(
        (run) => run.ended !== null,
      ),
    )
    const { runs } = await installation.client.listRuns({ query: { app: 'many' } })
    expect(runs).toHaveLength(pushes)
    expect(runs[0]?.state).toBe('succeeded')
    expect(runs.filter((run) => !['succeeded', 'superseded'].includes(run.state))).toEqual([])
    expect((await ask(installation, 'many', 'production')).text).toBe(String(pushes))
    const live = (
      await installation.client.listDeployments({ query: { app: 'many', state: 'live' } })
    ).deployments
    expect(live).toHaveLength(1)
  })

  test('cancel kills the whole process tree and ends the run', async () => {
    const repository = await repositoryWith({
      'fairlead.yaml': `steps:\n  hang: |\n    setsid sleep 4242 &\n    sleep 4243\nservices: {web: exec node server.js}\n`,
      'server.js': tinyServer('x'),
    })
    await push(installation, 'hangs', repository)
    const id = await latestRun('hangs')
    await waitFor('the step runs', async () =>
      (await installation.client.getRun({ params: { run: id } })).steps.some(
        (step) => step.state === 'running',
      ),
    )
    const sleeps = async () =>
      (await commandsOf(installation)).filter((command) => /^sleep 424[23]$/.test(command))
    await waitFor('both commands run', async () => (await sleeps()).length === 2)
    await installation.client.cancelRun({ params: { run: id } })
    const run = await endedRun(installation, id)
    expect(run.state).toBe('cancelled')
    expect(run.steps).toMatchObject([{ state: 'cancelled' }])
    expect(await sleeps()).toEqual([])
  })
})

describe('configuration', () => {
  test('files are rendered for each environment, and bad values are refused', async () => {
    const read = "require('node:fs').readFileSync(process.env.FAIRLEAD_CONFIG_DIR + '/app.json')"
    const repository = await repositoryWith({
      'server.js': `if (process.env.BROKEN) process.exit(1)
const server = require('node:http').createServer((q, r) => r.end(${read}))
server.listen(process.env.PORT)`,
      'app.json.liquid': '{"level": "{{ LEVEL }}", "key": "{{ KEY | default: "none" }}"}',
      'values.json': JSON.stringify({ properties: { LEVEL: { maxLength: 12 } } }),
      'fairlead.yaml': [
        'config: {schema: values.json, files: {app.json: app.json.liquid}}',
        'services: {web: {run: exec node server.js, health: /}}',
        'environments: {staging: {env: {LEVEL: info}}, production: {env: {LEVEL: info}}}',
        '',
      ].join('\n'),
    })
    await push(installation, 'rendered', repository)
    await endedRun(installation, await latestRun('rendered'))
    const at = { app: 'rendered', environment: 'production' }
    const answer = async () => (await ask(installation, at.app, at.environment)).text
    expect(await answer()).toBe('{"level": "info", "key": "none"}')
    const change = (body: {
      variables?: Record<string, string>
      secrets?: Record<string, string>
    }) => installation.client.changeConfiguration({ params: at, body })
    await expect(change({ variables: { LEVEL: 'much-too-long' } })).rejects.toThrow(
      'LEVEL: must NOT have more than 12 characters, says values.json',
    )
    const twice = ['env', 'set', at.app, 'staging', 'LEVEL=debug', '--also', 'production,staging']
    expect((await installation.cli(...twice)).stderr).toContain(
      'also: must name each environment once',
    )
    await installation.client.changeConfiguration({
      params: { ...at, environment: 'staging' },
      body: {
        ...{ variables: { LEVEL: 'a"b' }, secrets: { KEY: 'hunter3hunter3' } },
        also: ['production'],
      },
    })
    await waitFor(
      'the new file is live in the environment after the first one',
      async () => (await answer()) === '{"level": "a\\"b", "key": "hunter3hunter3"}',
    )
    const shown = await installation.cli('config', 'files', at.app, at.environment, 'app.json')
    expect(shown.stdout).toBe('{"level": "a\\"b", "key": "(KEY)"}\n')
    const explained = await installation.cli('config', 'explain', at.app, at.environment, 'LEVEL')
    expect(explained.stdout).toContain('Used in app.json of web')
    const diff = ['config', 'diff', at.app, at.environment, '--from', '0', '--to', '1']
    expect((await installation.cli(...diff)).stdout).toContain('changed  file app.json of web')
    // The same value, encrypted once more, is the same.
    await change({ secrets: { KEY: 'another-secret' } })
    await change({ secrets: { KEY: 'hunter3hunter3' } })
    const same = await installation.cli(...diff.slice(0, 4), '--from', '1', '--to', '3')
    expect(same.stdout).toContain('No difference')
    await installation.client.changeConfiguration({
      params: { ...at, environment: 'staging' },
      body: { variables: { BROKEN: 'yes' }, also: ['production'] },
    })
    await waitFor('the change stops after the environment in which it fails', async () => {
      const type = 'dev.cdeventsx.fairlead-configuration.stopped'
      const { events } = await installation.client.listEvents({ query: { app: 'rendered', type } })
      return events.some(({ data }) => isDeepStrictEqual(data['environments'], ['production']))
    })
    await repository.commit({ 'app.json.liquid': '{\n  "level": {{ MISSING }}}' })
    await push(installation, 'rendered', repository)
    const run = await endedRun(installation, await latestRun('rendered'))
    expect(run).toMatchObject({
      state: 'failed',
      reason: 'the configuration of staging is not valid: app.json.liquid:2:15: MISSING is not set',
    })
    await repository.commit({ 'app.json.liquid': '{"level": "{{ LEVEL }}"}' })
    await push(installation, 'rendered', repository)
    const blocked = await endedRun(installation, await latestRun('rendered'))
    expect(blocked.reason).toMatch(
      /values whose own deployments failed: BROKEN \(deployment \d+\): see .* staging BROKEN`$/,
    )
  })

  test('a command runs once before a release, and stands in the way of a rollback', async () => {
    const noted = "process.env.FAIRLEAD_DATA_DIR + '/migrated'"
    const migrate = (version: string): string =>
      `require('node:fs').appendFileSync(${noted}, '${version} ')`
    const answer = `(q, r) => r.end(require('node:fs').readFileSync(${noted}))`
    const file = (tick: number): string => `services:
  web: {run: exec node server.js, health: /}
  clock: {run: 'exec sleep ${tick}', single: true}
environments: {production: {before: {run: node migrate.cjs, compatible: false}}}
`
    const repository = await repositoryWith({
      'server.js': `require('node:http').createServer(${answer}).listen(process.env.PORT)`,
      'migrate.cjs': migrate('one'),
      'fairlead.yaml': file(9001),
    })
    const at = { app: 'migrated', environment: 'production' }
    const deliver = async (files: Record<string, string> = {}) => {
      if (Object.keys(files).length > 0) await repository.commit(files)
      await push(installation, at.app, repository)
      return endedRun(installation, await latestRun(at.app))
    }
    const migrated = async () => (await ask(installation, at.app, at.environment)).text
    const newest = async () =>
      (await installation.client.listDeployments({ query: { ...at, limit: 1 } })).deployments[0]
    expect((await deliver()).reason).toBeNull()
    expect(await migrated()).toBe('one ')
    const first = (await newest())?.id ?? 0
    await installation.client.changeConfiguration({ params: at, body: { variables: { A: 'b' } } })
    await waitFor('the variable is live', async () => {
      const live = await newest()
      return live?.kind === 'configuration' && live.state === 'live'
    })
    expect(await migrated()).toBe('one ')
    const failed = await deliver({ 'migrate.cjs': "throw new Error('no such table')" })
    expect(failed.reason).toMatch(
      /^production: the command before the start failed with exit code 1; .*no such table/,
    )
    expect(await migrated()).toBe('one ')
    await deliver({ 'migrate.cjs': migrate('two'), 'fairlead.yaml': file(9002) })
    expect(await migrated()).toBe('one two ')
    const shown = await installation.cli('deployment', String((await newest())?.id))
    expect(shown.stdout).toMatch(/`node migrate.cjs` ran for .* before the services started/)
    expect(shown.stdout).toMatch(/clock was restarted; clients waited for /)
    const back = ['rollback', at.app, at.environment, '--to', String(first), '--json']
    const refused = await installation.cli(...back)
    expect(refused.code).not.toBe(0)
    expect(`${refused.stdout}${refused.stderr}`).toContain('has run `node migrate.cjs` since')
    expect((await installation.cli(...back, '--force')).code).not.toBe(0)
    const forced = await installation.cli(...back, '--force', '--reason', 'it is empty')
    expect(forced.code, forced.stderr).toBe(0)
    expect(await newest()).toMatchObject({ kind: 'rollback', state: 'live' })
    expect(await migrated()).toBe('one two ')
  })

  longTest(
    'a release that crashes and cannot be rolled back stays, and the run says why',
    async () => {
      const file = (
        isCompatible: boolean,
      ): string => `services: {web: {run: exec node server.js, health: /}}
environments: {production: {before: {run: exit 0, compatible: ${isCompatible}}}}
`
      const repository = await repositoryWith({
        'server.js': tinyServer('one'),
        'fairlead.yaml': file(true),
      })
      await push(installation, 'stays', repository)
      await endedRun(installation, await latestRun('stays'))
      await repository.commit({
        'fairlead.yaml': file(false),
        'server.js': `const server = require('node:http').createServer((request, response) => {
        if (request.headers['user-agent'] !== 'fairlead-health') process.exit(6)
        response.end('two')
      })
      setTimeout(() => server.listen(process.env.PORT, '127.0.0.1'), 500)`,
      })
      await push(installation, 'stays', repository)
      const number = await latestRun('stays')
      let isEnded = false
      const ended = endedRun(installation, number).finally(() => (isEnded = true))
      while (!isEnded) {
        await ask(installation, 'stays', 'production').catch(() => undefined)
        await setTimeout(5)
      }
      const { state, reason } = await ended
      expect(state).toBe('failed')
      expect(reason).toMatch(
        /^production: the release stays, although web exited with 6.*: production cannot be rolled/,
      )
      const { deployments } = await installation.client.listDeployments({ query: { app: 'stays' } })
      expect(deployments.map((one) => [one.kind, one.state])).toEqual([
        ['delivery', 'live'],
        ['delivery', 'replaced'],
      ])
      await waitFor('somebody is alerted', async () => {
        const { alerts } = await installation.client.listAlerts({ query: { app: 'stays' } })
        return alerts.some(({ reason: why }) => why.includes('cannot be rolled back'))
      })
    },
  )

  longTest('the release with the traffic is tried on a copy after the next command', async () => {
    const schema = "process.env.FAIRLEAD_DATA_DIR + '/schema'"
    const set = (version: number) => `require('node:fs').writeFileSync(${schema}, '${version}')`
    const serve = (test: string): string => `
const schema = require('node:fs').readFileSync(${schema}, 'utf8')
if (!(schema ${test})) throw new Error('no column price')
require('node:http').createServer((q, r) => r.end(schema)).listen(process.env.PORT)`
    const repository = await repositoryWith({
      'server.js': serve('=== "1"'),
      'migrate.cjs': set(1),
      'fairlead.yaml': `services: {web: {run: exec node server.js, health: /}}
environments: {production: {before: {run: node migrate.cjs, compatible: check}}}
`,
    })
    const at = { app: 'tried', environment: 'production' }
    const deliver = async (files: Record<string, string> = {}) => {
      if (Object.keys(files).length > 0) await repository.commit(files)
      await push(installation, at.app, repository)
      return endedRun(installation, await latestRun(at.app))
    }
    const newest = async () => {
      const { deployments } = await installation.client.listDeployments({ query: at })
      const params = { deployment: deployments[0]?.id ?? 0 }
      return installation.client.getDeployment({ params })
    }
    const first = await deliver()
    expect((await newest()).before).toMatchObject({ isCompatible: true, check: null })
    await deliver({ 'readme.txt': 'two' })
    const compatible = { run: first.id, state: 'compatible' }
    expect((await newest()).before).toMatchObject({ isCompatible: true, check: compatible })
    const failed = await deliver({ 'migrate.cjs': "throw new Error('no such table')" })
    expect(failed.reason).toContain('failed with 1 on a copy of the data')
    await deliver({ 'migrate.cjs': set(2), 'server.js': serve('=== "2"') })
    expect(await newest()).toMatchObject({
      state: 'live',
      before: { isCompatible: false, check: { state: 'incompatible' } },
    })
    const refused = await installation.cli('rollback', at.app, at.environment, '--json')
    expect(`${refused.stdout}${refused.stderr}`).toContain(
      'on a copy of the data, this release does not work with the result: web exited with 1',
    )
  })

  longTest('a backup is made before a command, and its restore is tried on a copy', async () => {
    const data = "process.env.FAIRLEAD_DATA_DIR + '/schema'"
    const write = `require('node:fs').writeFileSync(${data}, '2')`
    const serve = `const schema = require('node:fs').readFileSync(${data}, 'utf8').trim()
require('node:http').createServer((q, r) => r.end(schema)).listen(process.env.PORT)`
    const file = (more: object): string =>
      JSON.stringify({
        services: { web: { run: 'exec node server.js', health: '/' } },
        environments: { production: { before: { run: 'node migrate.cjs', ...more } } },
      })
    const backup = 'cp $FAIRLEAD_DATA_DIR/schema $FAIRLEAD_BACKUP_DIR/'
    const repository = await repositoryWith({
      ...{ 'server.js': serve, 'migrate.cjs': write, 'fairlead.yaml': file({}) },
    })
    const at = { app: 'backed', environment: 'production' }
    const deliver = async (more: object) => {
      await repository.commit({ 'fairlead.yaml': file(more) })
      await push(installation, at.app, repository)
      return endedRun(installation, await latestRun(at.app))
    }
    await push(installation, at.app, repository)
    await endedRun(installation, await latestRun(at.app))
    const bad = await deliver({ backup, restore: 'rm $FAIRLEAD_DATA_DIR/schema' })
    expect(bad.reason).toContain('the release with the traffic does not work: web exited with 1')
    const broken = await deliver({ backup, restore: 'exit 4' })
    expect(broken.reason).toContain('the restore failed with 4')
    const good = await deliver({ backup, restore: 'cp $FAIRLEAD_BACKUP_DIR/* $FAIRLEAD_DATA_DIR' })
    expect(good.reason).toBeNull()
    const { deployments } = await installation.client.listDeployments({ query: at })
    const shown = await installation.cli('deployment', String(deployments[0]?.id))
    expect(shown.stdout).toContain('On a copy of the data, the backup before it was restored')
    expect(shown.stdout).toContain('`node migrate.cjs` ran for')
    const place = join(installation.home, 'host/data/backed/production/.backups')
    expect(await readdir(place)).toHaveLength(1)
  })

  test('a changed variable or secret is deployed, never displayed, and restored by a rollback', async () => {
    const server =
      "require('node:http').createServer((q, r) => r.end([process.env.MODE, process.env.KEY].join(' '))).listen(process.env.PORT)"
    const repository = await repositoryWith({
      'server.js': server,
      'fairlead.yaml':
        'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {env: {MODE: file}}}\n',
    })
    await push(installation, 'configured', repository)
    await endedRun(installation, await latestRun('configured'))
    expect((await ask(installation, 'configured', 'production')).text).toBe('file ')
    const at = { app: 'configured', environment: 'production' }
    await installation.client.changeConfiguration({
      params: at,
      body: { variables: { MODE: 'set' }, secrets: { KEY: 'hunter2hunter2' } },
    })
    await waitFor(
      'it is in force',
      async () =>
        (await ask(installation, 'configured', 'production')).text === 'set hunter2hunter2',
    )
    const explained = await installation.cli('config', 'explain', at.app, at.environment, 'MODE')
    const line = 'environments.production.env in fairlead.yaml'
    expect(explained.stdout.replace(/ +/g, ' ')).toMatch(
      new RegExp(
        `file ${line} overridden\\nset configuration\\nSet by this machine .* version 1\\n`,
      ),
    )
    expect(explained.stdout).toMatch(/Deployment \d+ runs with this value/)
    const diff = (...more: string[]) =>
      installation.cli('config', 'diff', at.app, at.environment, ...more)
    expect((await diff()).stdout).toContain('No difference')
    expect((await diff('--from', '0', '--to', '1')).stdout).toMatch(
      /^production, version 0 → production, version 1\nadded +KEY .*\nadded +MODE +– → set\n/,
    )
    expect((await diff('--from', '7')).stderr).toContain('There is no version')
    const shown = JSON.stringify([
      await installation.client.compareConfigurations({ params: at, query: { otherVersion: 0 } }),
      await installation.client.explainConfiguration({ params: at, query: { name: 'KEY' } }),
      await installation.client.explainConfigurations({ params: at }),
      await installation.client.getConfiguration({ params: at }),
      (await installation.client.listEvents({ query: { app: 'configured', limit: 500 } })).events,
    ])
    const all = await installation.client.explainConfigurations({ params: at })
    expect(all.explanations).toMatchObject([
      { name: 'KEY', layers: [{ layer: 'configuration', isSecret: true }], set: { version: 1 } },
      {
        name: 'MODE',
        layers: [{ layer: 'environment', isOverridden: true }, { layer: 'configuration' }],
        set: { version: 1 },
        running: { isSame: true },
      },
    ])
    expect(
      await installation.client.listConfiguredEnvironments({ params: { app: at.app } }),
    ).toEqual({ environments: [at.environment] })
    expect(shown).toContain('KEY')
    expect(shown).not.toContain('hunter2')
    await waitFor(
      'it can be rolled back',
      async () => (await installation.client.getEnvironment({ params: at })).rollback.possible,
    )
    await installation.client.rollback({ params: at, body: {} })
    await waitFor(
      'it is as before',
      async () => (await ask(installation, 'configured', 'production')).text === 'file ',
    )
    await waitFor(
      'the newest version is the old one',
      async () => (await installation.client.getConfiguration({ params: at })).version === 2,
    )
    const before = await installation.client.getEnvironment({ params: at })
    expect(before.configuration).toBe(2)
    await repository.commit({ 'more.txt': 'a change' })
    await push(installation, 'configured', repository)
    await endedRun(installation, await latestRun('configured'))
    await installation.client.changeConfiguration({
      params: at,
      body: { variables: { MODE: '3' } },
    })
    await waitFor(
      'the third version runs',
      async () => (await ask(installation, 'configured', 'production')).text === '3 ',
    )
    await installation.client.rollback({ params: at, body: { to: before.current?.id } })
    await waitFor('the version that runs is shown', async () => {
      const { version, next } = await installation.client.getConfiguration({ params: at })
      return version === 2 && next === 3
    })
    const after = await installation.client.getEnvironment({ params: at })
    expect([after.configuration, after.current?.configuration]).toEqual([2, 2])
    expect((await readFile(`${installation.home}/key`, 'utf8')).length).toBeGreaterThan(40)
  })

  longTest('is verified by a command of the repository that is not in the artifact', async () => {
    const repository = await repositoryWith({
      'server.js': tinyServer('one'),
      'fetch.js': fetchScript,
      'check.sh': 'test -f built.txt && node fetch.js',
      'fairlead.yaml':
        'steps: {build: touch built.txt}\nartifact: [server.js, built.txt]\nservices: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {verify: sh check.sh}}\n',
    })
    await push(installation, 'narrow', repository)
    expect(await endedRun(installation, await latestRun('narrow'))).toMatchObject({
      state: 'succeeded',
    })
    const { deployment } = await installation.client.changeConfiguration({
      params: { app: 'narrow', environment: 'production' },
      body: { variables: { MODE: 'set' } },
    })
    await waitFor(
      'it ends',
      async () =>
        (await installation.client.getDeployment({ params: { deployment: deployment!.id } }))
          .ended !== null ||
        (await installation.client.getDeployment({ params: { deployment: deployment!.id } }))
          .live !== null,
    )
    expect(
      await installation.client.getDeployment({ params: { deployment: deployment!.id } }),
    ).toMatchObject({
      state: 'live',
      reason: null,
    })
  })
})

describe('what is measured', () => {
  test('requests, usage and deployments are read as series', async () => {
    const params = { app: 'first' }
    const query = { environment: 'production', minutes: 30 }
    await waitFor('the requests are stored', async () => {
      const { series } = await installation.client.listSignals({ params, query })
      return series.some(({ name }) => name === 'requests')
    })
    const { step, series, marks } = await installation.client.listSignals({ params, query })
    expect(step).toBe(10)
    const ofName = (name: string) => series.filter((one) => one.name === name)
    // The releases `one` and `two` are apart, and each was measured at most as long as it ran.
    expect(ofName('requests').length).toBeGreaterThanOrEqual(2)
    const highest = Math.max(...ofName('requests').flatMap(({ values }) => values.map(Number)))
    expect(highest).toBeGreaterThan(1)
    expect(
      Math.max(...ofName('memory').flatMap(({ values }) => values.map(Number))),
    ).toBeGreaterThan(1e6)
    expect(marks.map(({ kind }) => kind)).toContain('rollback')
    const { storage } = await installation.client.listMachineSignals()
    expect(storage.bytes).toBeGreaterThan(0)
  })

  test('the server serves OpenMetrics to those who may see every app', async () => {
    const read = (token: string) =>
      fetch(`${installation.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    const response = await read(installation.token)
    expect(response.headers.get('content-type')).toMatch(/^application\/openmetrics-text/)
    const text = await response.text()
    const labels = String.raw`app="first",environment="production",service="web",release="\d+"`
    expect(text).toMatch(
      new RegExp(String.raw`^fairlead_edge_requests_total\{${labels},outcome="2xx"\} \d+$`, 'm'),
    )
    expect(text).toMatch(/^fairlead_edge_request_duration_seconds_bucket\{.*le="\+Inf"\} \d+$/m)
    expect(text).toMatch(/^fairlead_instance_memory_bytes\{app="first".*\} \d+$/m)
    expect(text.endsWith('# EOF\n')).toBe(true)
    expect((await read('wrong')).status).toBe(401)
  })
})
