import { afterAll, beforeAll, expect } from 'vitest'
import { type ExperimentRun, hasEndedExperiment } from '#contract/experiment/experiment.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { longTest } from './support/scale.ts'
import { waitFor } from './support/wait.ts'

const server = `
require('node:http')
  .createServer((request, response) => response.end('ok'))
  .listen(process.env.PORT, '127.0.0.1')
`
/** `lines` are the experiments of a delivery to staging. */
const yamlOf = (lines = ''): string => `
services:
  web: {run: exec node server.js, health: /}
  worker: {run: exec sleep 100000, port: false}
monitors:
  homepage: {http: /, every: 1s, timeout: 500ms, failures: 2, recoveries: 1, service: web}
environments:
  staging: {watch: 0, experiments: [${lines}]}
  production: {watch: 0}
experiments:
  frozen-web:
    action: pause
    service: web
    environments: staging
    for: 20s
    expect: {alert: homepage, within: 15s}
    pause: 0
  frozen-worker: {action: pause, service: worker, environments: staging, for: 2s, pause: 0}
  long-worker: {action: pause, service: worker, environments: staging, for: 5m, pause: 0}
  intolerant: {action: pause, service: web, environments: staging, for: 60s, pause: 0}
  unseen:
    action: pause
    service: worker
    environments: staging
    for: 20s
    expect: {alert: homepage, within: 2s}
    pause: 0
  busy: {action: cpu, service: web, environments: [staging, production], for: 10s}
  killed: {action: kill, service: web, environments: staging, for: 2s}
`

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({ 'server.js': server, 'fairlead.yaml': yamlOf() })
  await push(installation, 'shop', repository)
  expect((await endedRun(installation, 1)).reason).toBeNull()
  await steady()
}, 120_000)
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const staging = { app: 'shop', environment: 'staging' }
const steady = () =>
  waitFor('every check is up', async () => {
    const { monitors } = await installation.client.listMonitors({ query: staging })
    const checks = monitors.filter(({ kind }) => kind === 'http' || kind === 'reachable')
    return checks.length >= 2 && checks.every(({ state }) => state === 'up')
  })

const start = (experiment: string) =>
  installation.client.runExperiment({ params: { ...staging, experiment } })
const get = ({ id }: ExperimentRun) =>
  installation.client.getExperimentRun({ params: { app: 'shop', experimentRun: id } })
const until = async (
  run: ExperimentRun,
  isSo: (one: ExperimentRun) => boolean,
  seconds = 60,
): Promise<ExperimentRun> => {
  let found = run
  await waitFor(
    `run ${run.id}`,
    async () => {
      found = await get(run)
      return isSo(found)
    },
    seconds,
  )
  return found
}
const ended = (run: ExperimentRun, seconds = 120) =>
  until(run, ({ state }) => hasEndedExperiment(state), seconds)
const running = (run: ExperimentRun) =>
  until(run, ({ state, reason }) => {
    expect(reason).toBeNull()
    return state === 'running'
  })
const faults = async () => (await installation.cli('experiment', 'list', '--json')).stdout

longTest('a fault that the service tolerates passes, and is undone', async () => {
  const run = await ended(await start('frozen-worker'))
  expect(run).toMatchObject({
    ...{ state: 'passed', reason: 'worker tolerated the fault for 2 s' },
    radius: { instances: 1, of: 1, isHost: false },
  })
  expect(Date.parse(run.undone!) - Date.parse(run.made!)).toBeGreaterThan(1900)
  expect(await faults()).not.toContain('"armed"')
})

longTest('the expected alert opens, names the experiment, and opens no incident', async () => {
  const run = await ended(await start('frozen-web'))
  expect(run).toMatchObject({ state: 'passed', detection: { title: expect.any(String) } })
  expect(run.detection!.afterMs).toBeLessThan(15_000)
  const alert = { params: { alert: run.detection!.alert } }
  expect((await installation.client.getAlert(alert)).reason).toContain(
    `run ${run.id} of the experiment frozen-web is under way`,
  )
  const { incidents } = await installation.client.listIncidents({ query: { app: 'shop' } })
  expect(incidents).toEqual([])
  const { coverage } = await installation.client.listExperiments({ params: { app: 'shop' } })
  expect(coverage).toMatchObject({ expected: 1, noticed: 1 })
})

longTest('harm that was not expected ends an experiment', async () => {
  await steady()
  const run = await ended(await start('intolerant'))
  expect(run.state).toBe('aborted')
  expect(run.reason).toMatch(/^(homepage|reachable|web\b).* failed/)
})

longTest('a fault that nobody notices fails', async () => {
  await steady()
  const run = await ended(await start('unseen'))
  expect(run).toMatchObject({
    ...{ state: 'failed', reason: 'the alert of homepage did not open within 2 s' },
  })
})

longTest('experiments are refused, each with its reasons', async () => {
  await steady()
  const refusals = async (environment: string, experiment: string) => {
    const params = { app: 'shop', environment, experiment }
    return (await installation.client.previewExperiment({ params })).refusals
  }
  expect(await refusals('staging', 'busy')).toEqual([
    expect.stringContaining('ended less than 300 s ago'),
    'cpu hits the whole machine, which is that of the only server',
  ])
  expect(await refusals('staging', 'killed')).toContain(
    'the restart of web was not rehearsed with this release',
  )
  expect(await refusals('production', 'busy')).toContain('nobody is on call for web')
  const refused = await ended(await start('busy'))
  expect(refused.state).toBe('refused')
  expect(refused.refusals).toHaveLength(2)
})

longTest('anyone aborts a run within two seconds, and another one waits for its end', async () => {
  const run = await running(await start('long-worker'))
  await expect(start('frozen-worker')).rejects.toThrow('An experiment is under way')
  const asked = performance.now()
  await installation.cli('experiment', 'abort', 'shop', String(run.id))
  await until(run, ({ undone }) => undone !== null)
  expect(performance.now() - asked).toBeLessThan(2000)
  expect(await ended(run)).toMatchObject({ state: 'aborted' })
})

longTest('all experiments stop at once, and none begins until that is allowed', async () => {
  const run = await running(await start('long-worker'))
  const asked = performance.now()
  await installation.cli('experiment', 'stop', '--all', '--reason', 'the sale begins')
  await until(run, ({ undone }) => undone !== null)
  expect(performance.now() - asked).toBeLessThan(2000)
  expect((await ended(run)).state).toBe('aborted')
  expect((await ended(await start('frozen-worker'))).refusals.join()).toContain('the sale begins')
  await installation.cli('experiment', 'allow')
  expect((await ended(await start('frozen-worker'))).state).toBe('passed')
})

longTest('a server that is killed during a fault leaves none, and the run ends', async () => {
  const run = await running(await start('long-worker'))
  await installation.killServer()
  await waitFor('the host has undone it', async () => !(await faults()).includes('"armed"'), 30)
  await installation.start()
  expect(await ended(run)).toMatchObject({
    ...{ state: 'unknown', reason: expect.stringContaining('its lease was not renewed') },
  })
  for (let times = 0; times < 2; times += 1) {
    await steady()
    const next = await start('frozen-worker')
    await new Promise((resolve) => setTimeout(resolve, times * 1500))
    await installation.killServer()
    await installation.start()
    const { state, reason } = await ended(next)
    expect(['passed', 'unknown', 'refused'], reason ?? '').toContain(state)
    expect(await faults()).not.toContain('"armed"')
  }
})

longTest('a deployment ends an experiment', async () => {
  await steady()
  const run = await running(await start('long-worker'))
  await repository.commit({ 'more.txt': 'more' })
  await push(installation, 'shop', repository)
  expect(await ended(run)).toMatchObject({
    ...{ state: 'aborted', reason: expect.stringMatching(/^deployment \d+ needs/) },
  })
})

/** Pushes a change whose delivery runs these experiments; returns its run. */
async function deliver(...experiments: string[]): Promise<number> {
  await steady()
  const files = { 'fairlead.yaml': yamlOf(experiments.join()), 'n.txt': `${performance.now()}` }
  const sha = await repository.commit(files)
  await push(installation, 'shop', repository)
  const { runs } = await installation.client.listRuns({ query: { app: 'shop' } })
  const run = runs.find(({ change }) => change.sha === sha)
  return run!.id
}
const runOf = (run: number) => installation.client.getRun({ params: { run } })
const experimentsOf = async (run: number): Promise<ExperimentRun[]> => {
  const { deployments } = await runOf(run)
  const release = deployments[0]?.deployment?.release
  const query = { environment: 'staging', limit: 10 }
  const { experimentRuns } = await installation.client.listExperimentRuns({
    ...{ params: { app: 'shop' }, query },
  })
  return experimentRuns.filter((one) => one.release === release)
}

longTest('a change goes to the next environment when its experiments pass', async () => {
  const run = await deliver('frozen-worker')
  await endedRun(installation, run, 120)
  const { state, reason, deployments } = await runOf(run)
  expect([state, reason]).toEqual(['succeeded', null])
  const tried = await experimentsOf(run)
  expect(tried).toMatchObject([{ name: 'frozen-worker', state: 'passed', trigger: 'delivery' }])
  const { id } = tried[0]!
  const shown = { name: 'frozen-worker', run: { id, state: 'passed', reason: expect.any(String) } }
  expect(deployments[0]!.experiments).toEqual([shown])
  const next = Date.parse(deployments[1]!.deployment!.created)
  expect(Date.parse(tried[0]!.ended!)).toBeLessThanOrEqual(next)
})

longTest(
  'a change whose experiment fails stays where it is, and the next one goes on',
  async () => {
    const run = await deliver('unseen')
    const next = await deliver()
    await endedRun(installation, run, 120)
    const { state, reason, deployments } = await runOf(run)
    expect([state, reason]).toEqual([
      'failed',
      'staging: the experiment unseen failed: the alert of homepage did not open within 2 s; ' +
        'the release stays in staging',
    ])
    expect(deployments[1]!.deployment).toBeNull()
    await endedRun(installation, next, 120)
    expect((await runOf(next)).state).toBe('succeeded')
  },
)

longTest('a cancelled delivery ends its experiment', async () => {
  const run = await deliver('long-worker')
  await waitFor('the fault', async () => (await experimentsOf(run))[0]?.state === 'running', 60)
  await installation.client.cancelRun({ params: { run } })
  await endedRun(installation, run, 60)
  expect((await runOf(run)).state).toBe('cancelled')
  const [experiment] = await experimentsOf(run)
  expect(await ended(experiment!)).toMatchObject({
    ...{ state: 'aborted', reason: `the cancellation of run ${run} aborted it` },
  })
})

longTest('a delivery whose server is killed during its experiment ends', async () => {
  for (let times = 0; times < 2; times += 1) {
    const run = await deliver('frozen-worker')
    await waitFor('the release is live', async () => {
      const { deployments } = await runOf(run)
      return deployments[0]?.deployment?.state === 'live'
    })
    await new Promise((resolve) => setTimeout(resolve, times * 2000))
    await installation.killServer()
    await installation.start()
    await endedRun(installation, run, 120)
    const { state, reason } = await runOf(run)
    if (state === 'failed') expect(reason).toContain('the experiment frozen-worker has no result')
    else expect(state).toBe('succeeded')
    expect((await experimentsOf(run)).length).toBe(1)
    expect(await faults()).not.toContain('"armed"')
  }
})
