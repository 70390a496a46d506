import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, createClient } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { openAlert } from './support/alert.ts'
import { storeError } from './support/error.ts'
import { suspendedWorkflows } from './support/suspended.ts'

let installation: Installation
let repository: Repository
let scoped: Client
let secret: string
/** for the app of the token, and for another app */
const runs = { mine: 0, theirs: 0 }
const deployments = { mine: 0, theirs: 0 }
/** the artifact that both apps built */
let digest = ''
const alerts = { mine: 0, theirs: 0 }
const incidents = { mine: 0, theirs: 0 }
const errors = { mine: 0, theirs: 0 }
const silences = { mine: 0, theirs: 0 }
let suspended: string[] = []

beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({
    'fairlead.yaml':
      'steps: {test: "true"}\nenvironments: {production: {}}\n' +
      `monitors: {api: {tcp: '127.0.0.1:${installation.port}'},` +
      ` job: {heartbeat: 1h, every: 1s}}\n` +
      'slo: {up: 99.9}\n' +
      'switches: {recharge: true}\n',
  })
  for (const app of ['mine', 'theirs'] as const) {
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    const ended = await endedRun(installation, run!.id)
    runs[app] = ended.id
    digest = ended.artifact ?? ''
    const [deployment] = (await installation.client.listDeployments({ query: { app, limit: 1 } }))
      .deployments
    deployments[app] = deployment!.id
  }
  suspended = await suspendedWorkflows(installation, ['mine', 'theirs'])
  for (const app of ['mine', 'theirs'] as const) {
    alerts[app] = await openAlert(installation, { app, environment: 'production' })
    const incident = { title: 'for the test', environment: 'production' }
    incidents[app] = (
      await installation.client.openIncident({ params: { app }, body: incident })
    ).id
    await installation.client.createReview({ params: { incident: incidents[app] } })
    errors[app] = await storeError(installation, { app, environment: 'production' })
    const body = { minutes: 60, service: 'none', reason: 'for the test' }
    silences[app] = (await installation.client.createSilence({ params: { app }, body })).id
  }
  await waitFor('both apps are on the status page', async () => {
    const { components } = await installation.client.listStatusComponents()
    return components.length === 2
  })
  const stdout = (
    await installation.cli('tokens', 'create', 'ci', '--apps', 'mine', '--role', 'admin')
  ).stdout
  secret = stdout.trim()
  scoped = createClient({ base: installation.url, token: secret })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

test('a token does for its app what its role allows', async () => {
  expect((await scoped.listRuns({ query: { app: 'mine', limit: 5 } })).runs).toHaveLength(1)
  expect((await scoped.getRun({ params: { run: runs.mine } })).app).toBe('mine')
  expect((await scoped.getDeployment({ params: { deployment: deployments.mine } })).app).toBe(
    'mine',
  )
  expect((await scoped.me()).name).toBe('ci')
  const remote = (app: string): string =>
    `http://x:${secret}@127.0.0.1:${installation.port}/git/${app}.git`
  expect(await repository.git('ls-remote', remote('mine'))).toContain('refs/heads/main')
  await expect(repository.git('ls-remote', remote('theirs'))).rejects.toThrow()
  await expect(repository.git('push', remote('theirs'), 'HEAD:main')).rejects.toThrow()
})

test('monitors of fairlead.yaml are checked, and a job calls its heartbeat', async () => {
  const find = async (name: string) =>
    (await scoped.listMonitors({ query: { app: 'mine' } })).monitors.find(
      (one) => one.name === name,
    )
  await waitFor('the port is up', async () => (await find('api'))?.state === 'up')
  const job = (await find('job'))!
  expect(job).toMatchObject({ state: 'unknown', kind: 'heartbeat' })
  const { call } = await scoped.getMonitor({ params: { app: 'mine', monitor: job.id } })
  const failed = await installation.cli('heartbeat', call!, '--', 'sh', '-c', 'exit 3')
  expect(failed.code).toBe(3)
  await waitFor('the job is down', async () => (await find('job'))?.state === 'down')
  const shown = await installation.cli('monitors', 'show', 'mine', String(job.id))
  expect(shown.stdout).toContain('the job failed: exit code 3')
  await installation.cli('heartbeat', 'job', '--app', 'mine', '--', 'true')
  await waitFor('the job is up', async () => (await find('job'))?.state === 'up')
})

test('evidence about an artifact that two apps built is separate for each app', async () => {
  const { evidence } = await scoped.listEvidence({ params: { app: 'mine', digest } })
  expect(evidence.map(({ run }) => run)).toContain(runs.mine)
  expect(evidence.map(({ run }) => run)).not.toContain(runs.theirs)
  await expect(scoped.listEvidence({ params: { app: 'theirs', digest } })).rejects.toThrow(
    'You have no role for this app',
  )
  const other = await installation.client.createToken({
    body: { name: 'other', role: 'operator', apps: ['theirs'] },
  })
  const theirs = await createClient({
    base: installation.url,
    token: other.secret,
  }).listEvidence({ params: { app: 'theirs', digest } })
  expect(theirs.evidence.map(({ run }) => run)).toContain(runs.theirs)
  expect(theirs.evidence.map(({ run }) => run)).not.toContain(runs.mine)
})

/** Endpoints that belong to no app: the caller, signing out, and the public keys of evidence. */
const ofNoApp = ['me', 'deleteSession', 'listKeys']
/** Their answers are sums over apps. */
const sums = ['getDeliveryFigures', 'getAlertFigures']
const guarded = Object.entries(endpoints).filter(
  ([name, { role }]) => role !== 'public' && ![...ofNoApp, ...sums].includes(name),
)

test('the delivery figures contain only the app of the token', async () => {
  const query = { app: 'mine' }
  const all = await installation.client.getDeliveryFigures()
  const own = await installation.client.getDeliveryFigures({ query })
  expect(await scoped.getDeliveryFigures()).toEqual(own)
  expect(all.now.deployments).toBeGreaterThan(own.now.deployments)
  const other = scoped.getDeliveryFigures({ query: { app: 'theirs' } })
  await expect(other).rejects.toMatchObject({ code: 'not_this_app' })
})

/** The body of a response, or the first part of a stream. */
async function firstOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
    return response.text()
  let text = ''
  const read = async (): Promise<void> => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
  }
  await Promise.race([
    read().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 500)),
  ])
  return text
}

test.each(guarded)('%s reveals nothing of another app', async (_name, endpoint) => {
  const fill: Record<string, string> = {
    app: 'theirs',
    run: String(runs.theirs),
    deployment: String(deployments.theirs),
    environment: 'production',
    digest,
    workflow: encodeURIComponent(suspended[1] ?? ''),
    alert: String(alerts.theirs),
    incident: String(incidents.theirs),
    error: String(errors.theirs),
    silence: String(silences.theirs),
  }
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? '1')
  // Naming its own app with a run of another app gives no access either.
  for (const query of ['', '?app=theirs', ...(endpoint.path.includes('{') ? ['?app=mine'] : [])]) {
    const stop = new AbortController()
    const response = await fetch(`${installation.url}/api/v1${path}${query}`, {
      method: endpoint.method,
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'last-event-id': '0',
      },
      ...(endpoint.method === 'GET' ? {} : { body: '{}' }),
      signal: stop.signal,
    })
    // Lists contain only the app of the token, unless another app is requested.
    const isAsked = query === '?app=theirs' && 'app' in endpoint.query.shape
    if (endpoint.lists && !isAsked) {
      expect(response.status).toBe(200)
      const text = await firstOf(response)
      stop.abort()
      expect(text).toContain('"mine"')
      expect(text).not.toContain('theirs')
      continue
    }
    const text = await response.text()
    // A malformed request is rejected before its app is checked.
    if (response.status !== 403) expect(text).toContain('"invalid_input"')
    else expect(text).toContain('"not_this_app"')
  }
})

test('a token of another app has changed nothing', async () => {
  expect(
    (await installation.client.listRuns({ query: { app: 'theirs', limit: 5 } })).runs,
  ).toHaveLength(1)
  expect(
    (await installation.client.listDeployments({ query: { app: 'theirs', limit: 5 } })).deployments,
  ).toHaveLength(1)
  expect(
    (await installation.client.listTokens()).tokens.map(({ name, apps }) => [name, apps]),
  ).toContainEqual(['ci', ['mine']])
})
