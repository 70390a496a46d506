import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { ask, endedRun, onEvents, push } from './support/app.ts'
import { fetchScript, makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { processOf } from './support/processes.ts'
import { isLong } from './support/scale.ts'

/**
 * Kills each process of an installation at every recorded boundary of a delivery. The boundaries
 * are the events of a delivery that nothing disturbed, so a new step or event is covered without a
 * new test.
 */
let installation: Installation
/** Waits while the server or its database is away, as the command line does. */
let client: Client
let repository: Repository
let version = 0
const app = 'killed'
const yaml = `
steps:
  build: |
    i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo "line $i"; done
  test: node --check server.js
services:
  web: {run: exec node server.js, health: /}
  worker: {run: exec sleep 1000000}
environments:
  staging: {verify: node fetch.js}
  production: {strategy: canary, canary: {steps: [20, 50], least: 200ms, most: 300ms, undecided: promote}}
`

beforeAll(async () => {
  installation = await startInstallation({ database: 'embedded' })
  client = patient(installation)
  repository = await makeRepository({
    'fairlead.yaml': yaml,
    'fetch.js': fetchScript,
    'server.js': tinyServer('0'),
  })
  await push(installation, app, repository)
  await endedRun(installation, 1)
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

/**
 * Delivers a new version and calls back at the n-th event of its chain. Answers when the push was
 * acknowledged.
 */
async function deliver(at: number, strike: (event: StoredEvent) => void): Promise<string> {
  version += 1
  let seen = 0
  let chain: string | null = null
  const stop = await onEvents(installation, app, (event) => {
    if (event.type === 'dev.cdevents.change.merged') chain = event.chain
    if (event.chain !== chain) return
    seen += 1
    if (seen === at) strike(event)
  })
  await repository.commit({ 'server.js': tinyServer(String(version)) }, `Say ${version}`)
  // The server may be killed before it has answered; what it acknowledged must be delivered, and
  // what it did not is pushed again.
  await push(installation, app, repository).catch(() => undefined)
  const struck = waitFor(`event ${at}`, async () => seen >= at, 20).finally(stop)
  await struck.catch(() => undefined)
  return String(version)
}

async function assertWhole(text: string, what: string): Promise<void> {
  const { runs } = await client.listRuns({ query: { app, limit: 1 } })
  const run = await endedRun(installation, runs[0]!.id)
  expect(run, what).toMatchObject({ state: 'succeeded', change: { subject: `Say ${text}` } })
  expect((await ask(installation, app, 'production')).text, what).toBe(text)
  const { events } = await client.listEvents({
    query: { chain: run.change.chain, after: 0, limit: 500 },
  })
  for (const environment of ['staging', 'production']) {
    const switches = events.filter(
      (event) =>
        /service\.(deployed|upgraded)$/.test(event.type) &&
        event.data['environment'] === environment,
    )
    expect(switches, `${what}: ${environment} is switched once`).toHaveLength(1)
  }
  expect(
    events.filter((event) => event.type === 'dev.cdevents.pipelinerun.finished'),
    what,
  ).toHaveLength(1)
  const live = (await client.listDeployments({ query: { app, state: 'live' } })).deployments
  expect(live.map((deployment) => deployment.environment).sort(), what).toEqual([
    'production',
    'staging',
  ])
  expect(
    run.steps.filter((step) => step.state !== 'passed'),
    `${what}: no step is left`,
  ).toEqual([])
  const log = await client.getLog({ params: { run: run.id, step: 'build' } })
  expect(
    log.lines.filter((line) => line.stream === 'out').map((line) => line.text),
    `${what}: no line is missing`,
  ).toEqual(Array.from({ length: 50 }, (_, i) => `line ${i + 1}`))
}

function patient(of: Installation): Client {
  const call = async (name: keyof Client, input: unknown): Promise<unknown> => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await (of.client[name] as (input: unknown) => Promise<unknown>)(input)
      } catch (error) {
        if (tries > 200 || !(error instanceof FairleadError) || error.code !== 'unavailable')
          throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  return new Proxy({} as Client, {
    get: (_target, name: keyof Client) => (input: unknown) => call(name, input),
  })
}

async function boundaries(): Promise<string[]> {
  const names: string[] = []
  let chain: string | null = null
  const stop = await onEvents(installation, app, (event) => {
    if (event.type === 'dev.cdevents.change.merged') chain = event.chain
    if (event.chain === chain) names.push(`${event.type} ${event.subject}`)
  })
  const text = await deliver(1, () => undefined)
  await waitFor(
    'production answers',
    async () => (await ask(installation, app, 'production')).text === text,
  )
  await assertWhole(text, 'undisturbed')
  stop()
  return names
}

/**
 * Each boundary costs seconds. `npm run test:long` takes all of them; `npm test` kills only the
 * server and the host, at every so many.
 */
const strides = { server: 60, host: 90, runner: 90, database: 90 }
const victims = ['server', 'host', 'runner', 'database'] as const
const isTaken = (victim: keyof typeof strides, boundary: number): boolean =>
  isLong || boundary % strides[victim] === Object.keys(strides).indexOf(victim)

describe('a process killed at every boundary of a delivery: it ends, once, and nothing is missing', () => {
  let names: string[] = []
  test('an undisturbed delivery shows the boundaries', async () => {
    names = await boundaries()
    expect(names.length).toBeGreaterThan(10)
  })

  test.each(isLong ? victims : victims.slice(0, 2))(
    '%s',
    async (victim) => {
      for (const [i, name] of names.entries()) {
        if (!isTaken(victim, i)) continue
        const what = `${victim} killed at ${i + 1} of ${names.length}, ${name}`
        const pid = await processOf(installation, victim)
        const text = await deliver(i + 1, () => process.kill(pid, 'SIGKILL'))
        if (victim === 'server') {
          await installation.killServer()
          await installation.start()
        }
        await pushUnlessStored(text)
        await waitFor(
          what,
          async () =>
            (await ask(installation, app, 'production').catch(() => ({ text: '' }))).text === text,
        )
        await assertWhole(text, what)
      }
    },
    900_000,
  )
})

/**
 * A push that was not acknowledged is pushed again, as its developer would; one that was must be
 * there.
 */
async function pushUnlessStored(text: string): Promise<void> {
  await waitFor(
    'the server answers',
    async () => (await client.listRuns({ query: { limit: 1 } })).runs.length > 0,
  )
  const { runs } = await client.listRuns({ query: { app, limit: 1 } })
  if (runs[0]?.change.subject !== `Say ${text}`) await push(installation, app, repository)
}
