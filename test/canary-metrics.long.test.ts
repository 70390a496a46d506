import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesOf, file, server } from './support/canary.ts'
import { endedRun } from './support/app.ts'
import { freePorts } from './support/ports.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { requires } from './support/programs.ts'
import { longTest } from './support/scale.ts'

/** Does a job every few milliseconds, and writes how many, and how many failed. */
const worker = (failsEvery: number): string => `
const { writeFileSync, renameSync } = require('node:fs')
let [done, failed] = [0, 0]
setInterval(() => {
  done += 1
  if (done % ${failsEvery} === 0) failed += 1
  const file = process.env.FAIRLEAD_METRICS_FILE
  writeFileSync(file + '.new', 'jobs_total ' + done + '\\njobs_failed_total ' + failed + '\\nqueue_lag 3\\n')
  renameSync(file + '.new', file)
}, 5)
`
const measured =
  'services: {worker: {run: exec node worker.js, port: false, metrics: /metrics}}\n' +
  'environments: {production: {}}\n'
const workers = `
services: {worker: {run: exec node worker.js, port: false}}
environments:
  production:
    strategy: canary
    watch: 0s
    canary:
      steps: [50]
      least: 2s
      most: 60s
      scrape: {every: 200ms}
      metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}, lag: {gauge: queue_lag}}
`

describe('a canary that is judged by its own metrics', () => {
  let installation: Installation
  const { live, liveWith, deliver, verdictOf, load, remove } = canariesOf(() => installation)
  beforeAll(async () => {
    installation = await startInstallation()
  })
  afterAll(async () => {
    await installation.stop()
    await remove()
  })

  test('is taken back when its jobs fail, without one request', async () => {
    const repository = await liveWith('jobs', {
      'worker.js': worker(100),
      'fairlead.yaml': workers,
    })
    await repository.commit({ 'worker.js': worker(2) })
    const run = await deliver('jobs', repository, '')
    const ended = await endedRun(installation, run)
    expect(ended).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('`jobs` is worse') as string,
    })
    const { judgement, decided } = await verdictOf(run)
    expect(judgement).toMatchObject({
      verdict: 'harmful',
      metric: 'jobs',
      metrics: [{ name: 'jobs' }, { name: 'lag', canary: { value: 3 } }],
    })
    expect(judgement).toEqual(decided)
    expect((await installation.cli('canary', 'replay', String(run))).code).toBe(0)
    const { stdout } = await installation.cli('canary', 'show', String(run))
    expect(stdout).toMatch(/jobs +harmful/)
    expect(stdout).toMatch(/lag +advisory/)
  })

  const quick = 'steps: [20], least: 2s, most: 60s, harm: {difference: 0.05}'
  const waiting = `require('node:http').createServer((request, response) => {
    setTimeout(() => response.end('ok'), request.url === '/health' ? 0 : 40)
  }).listen(process.env.PORT, '127.0.0.1')`
  for (const [why, app, keys, code] of [
    ['as configured', 'fresh', `fresh: true, ${quick}`, server('1')],
    ['because its instances are busy', 'busy', quick, waiting],
  ] as const)
    longTest(`is compared with a fresh start of the release before, ${why}`, async () => {
      const repository = await liveWith(app, { 'server.js': code, 'fairlead.yaml': file(keys) })
      const traffic = load(app)
      await waitFor('earlier traffic', async () => traffic.answers.length > 200)
      const run = await deliver(app, repository, `${code}\n// 2`)
      await waitFor('it is compared', async () => {
        const verdict = await verdictOf(run).catch(() => null)
        return (verdict?.judgement.errors.canary.requests ?? 0) > 20
      })
      expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
      const answers = await traffic.stop()
      expect(answers.every(({ status }) => status === 200)).toBe(true)
      // A run has succeeded once its release is live; what it is compared with is taken away after.
      const releases = join(installation.home, `host/log/${app}/production`)
      await waitFor(
        'the fresh start is gone',
        async () => !readdirSync(releases).some((name) => name.startsWith('-')),
      )
      const verdict = await verdictOf(run)
      const { baseline, canary } = verdict.judgement.errors
      expect(verdict).toMatchObject({ fresh: true, state: 'promoted' })
      expect(new Set(verdict.history.map(({ share }) => share))).toEqual(new Set([0.2]))
      expect(baseline.requests / canary.requests).toBeGreaterThan(0.6)
      expect(baseline.requests / canary.requests).toBeLessThan(1.6)
    })

  longTest('is judged by the requests of a monitor when there are no others', async () => {
    const keys = 'steps: [50], least: 2s, most: 90s'
    const repository = await liveWith('quiet', {
      'server.js': server('1'),
      'fairlead.yaml': `${file(keys)}monitors: {front: {http: {url: /}, every: 1s}}\n`,
    })
    const run = await deliver('quiet', repository, server('2', 1))
    expect(await endedRun(installation, run)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^.*canary fails .* requests on the canary failed/) as string,
    })
  })

  longTest('has its metrics stored as rates and values', async () => {
    await liveWith('measured', { 'worker.js': worker(100), 'fairlead.yaml': measured })
    const metricOf = (metric: string) =>
      installation.client.listMetrics({ params: { app: 'measured' }, query: { metric } })
    await waitFor('a counter has a rate', async () => {
      const { series } = await metricOf('jobs_total')
      return series.some(({ values }) => values.some((value) => (value ?? 0) > 0))
    })
    expect(await metricOf('queue_lag')).toMatchObject({
      names: ['jobs_failed_total', 'jobs_total', 'queue_lag', 'up'],
      series: [
        {
          ...{ service: 'worker', instance: 0, unit: '' },
          values: expect.arrayContaining([3]) as number[],
        },
      ],
    })
    expect((await metricOf('jobs_total')).series).toMatchObject([
      { instance: null, unit: 'per second' },
    ])
  })

  longTest('is judged by the queries of a Prometheus', requires('prometheus'), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-prometheus-'))
    const failed = new Map<string, number>()
    const exporter = createServer((_request, response) => {
      response.end(
        [...failed]
          .map(([release, count]) => `charges_failed_total{release="${release}"} ${count}\n`)
          .join(''),
      )
    }).listen(0, '127.0.0.1')
    const port = await freePorts()
    const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `{global: {scrape_interval: 200ms, scrape_timeout: 200ms}, scrape_configs: [{job_name: a, static_configs: [{targets: ['${target}']}]}]}`,
    )
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    )
    try {
      const metric = `{bad: 'sum(charges_failed_total{release="{release}"})', prometheus: 'http://127.0.0.1:${port}'}`
      const repository = await live(
        'charges',
        `steps: [50], least: 2s, most: 60s, scrape: {every: 200ms}, metrics: {charges: ${metric}}`,
      )
      const run = await deliver('charges', repository, server('2'))
      await waitFor('it runs', async () => (await verdictOf(run).catch(() => null)) !== null)
      const [{ deployment } = { deployment: null }] = (
        await installation.client.getRun({ params: { run } })
      ).deployments
      const release = String(deployment?.release)
      // Nothing ever failed in the release before, so Prometheus has no series of it.
      const timer = setInterval(() => {
        failed.set(release, (failed.get(release) ?? 0) + 20)
      }, 100)
      const ended = await endedRun(installation, run)
      clearInterval(timer)
      expect(ended.reason).toContain('`charges` is worse')
    } finally {
      prometheus.kill('SIGKILL')
      exporter.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    }
  })
})
