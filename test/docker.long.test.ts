import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, endedRun } from './support/app.ts'
import { canariesOf, server } from './support/canary.ts'
import { startEngine, type TestEngine } from './support/engine.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { isInstalled, requires, requiresRoot } from './support/programs.ts'
import { waitFor } from './support/wait.ts'

let engine: TestEngine
let installation: Installation
const { liveWith, deliver, deploymentOf, verdictOf, load, remove } = canariesOf(() => installation)

beforeAll(async () => {
  if (!isInstalled('docker') || process.getuid?.() !== 0) return
  engine = await startEngine()
  installation = await startInstallation({ env: { FAIRLEAD_DOCKER_SOCKET: engine.socket } })
}, 120_000)
afterAll(async () => {
  await installation?.stop()
  await remove()
  await engine?.stop()
}, 120_000)

/** Answers its version as the server of a canary does, and listens where a container must. */
const contained = (version: string, failsEvery = 0): string =>
  server(version, failsEvery).replace("'127.0.0.1'", 'process.env.HOST')

const imageOf = (target: string): string =>
  target === 'docker' ? `, image: '${engine.image}'` : ''
const file = (target: string, canary: string): string => `
services:
  web: {run: exec node server.js, health: /health${imageOf(target)}}
environments:
  production: {target: ${target}, strategy: canary, canary: {${canary}}, watch: 0s}
`

describe('target docker', { ...requires('docker'), ...requiresRoot, timeout: 240_000 }, () => {
  test('an app moves from processes to containers, and its changes are proven there', async () => {
    const quick = 'steps: [50], least: 2s, most: 60s, harm: {difference: 0.05}'
    const repository = await liveWith('shop', {
      'server.js': contained('1'),
      'fairlead.yaml': file('process', quick),
    })
    const traffic = load('shop')
    await repository.commit({ 'fairlead.yaml': file('docker', quick) })
    const moved = await endedRun(installation, await deliver('shop', repository, contained('2')))
    expect(moved).toMatchObject({ state: 'succeeded', reason: null })
    expect(await verdictOf(moved.id)).toMatchObject({ state: 'promoted' })
    expect(await ask(installation, 'shop', 'production')).toEqual({ status: 200, text: '2' })
    expect(engine.docker('ps', '--format', '{{.Label "dev.fairlead.app"}}')).toBe('shop')

    const third = await endedRun(installation, await deliver('shop', repository, contained('3')))
    expect(third).toMatchObject({ state: 'succeeded' })
    const verdict = await verdictOf(third.id)
    expect(verdict.outcomes.canary['2xx']).toBe(verdict.judgement.errors.canary.requests)

    const set = await installation.cli('env', 'set', 'shop', 'production', 'COLOUR=red')
    expect(set.code, set.stderr).toBe(0)
    const colour = 'exec node -p process.env.COLOUR'
    await waitFor('a container has the variable', async () => {
      const [id = ''] = engine.docker('ps', '-q').split('\n')
      return engine.docker('exec', id, '/bin/sh', '-c', colour) === 'red'
    })
    await waitFor('the old container is gone', async () => {
      return engine.docker('ps', '-aq').split('\n').length === 1
    })
    const back = await installation.cli('rollback', 'shop', 'production', '--json')
    expect(back.code, back.stderr).toBe(0)
    await waitFor('the variable is gone', async () => {
      const [id = ''] = engine.docker('ps', '-q').split('\n')
      return engine.docker('exec', id, '/bin/sh', '-c', colour) === 'undefined'
    })
    expect((await ask(installation, 'shop', 'production')).text).toBe('3')
    const answers = await traffic.stop()
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['1', '2', '3']))
    await waitFor('one container is left', async () => {
      return engine.docker('ps', '-aq').split('\n').length === 1
    })
  })

  test('a canary that does harm is taken back, and only its own requests failed', async () => {
    const repository = await liveWith('bad', {
      'server.js': contained('1'),
      'fairlead.yaml': file('docker', 'steps: [20], least: 20s, most: 60s'),
    })
    const traffic = load('bad')
    const run = await endedRun(installation, await deliver('bad', repository, contained('2', 3)))
    expect(run.state).toBe('failed')
    expect(deploymentOf(run).state).toBe('rolled_back')
    const answers = await traffic.stop()
    expect(answers.filter(({ status, text }) => status !== 200 && text !== '2')).toEqual([])
    expect(await verdictOf(run.id)).toMatchObject({
      state: 'taken_back',
      judgement: { verdict: 'harmful', metric: 'errors' },
    })
    expect((await ask(installation, 'bad', 'production')).text).toBe('1')
  })

  test('a file without an image is refused in one sentence', async () => {
    const text = file('docker', 'steps: [50]').replace(/, image: '[^']+'/, '')
    const path = join(installation.home, 'fairlead.yaml')
    await writeFile(path, text)
    const checked = await installation.cli('check', path)
    expect(checked.code).toBe(1)
    expect(checked.stdout + checked.stderr).toContain(
      'environment `production` has the target `docker`, but the service `web` has no `image`',
    )
  })
})
