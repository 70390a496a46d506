import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listLooks } from '#domains/verdict/store.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { behaving, canariesOf, file, server } from './support/canary.ts'
import { ask, endedRun } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { longTest } from './support/scale.ts'

/** Harm that a few hundred requests exclude. */
const quick = 'harm: {difference: 0.05}'

describe('a canary', () => {
  let installation: Installation
  const { live, liveWith, deliver, deploymentOf, isCanary, verdictOf, load, remove } = canariesOf(
    () => installation,
  )
  beforeAll(async () => {
    installation = await startInstallation()
  })
  afterAll(async () => {
    await installation.stop()
    await remove()
  })

  /** Requests of the release before whose latencies the first observation has. */
  async function earlierOf(deployment: number): Promise<number> {
    const db = await openDatabase({ connection: installation.connection, size: 1 })
    const [first] = await listLooks(db, deployment)
    await db.close()
    return first?.earlier?.reduce((sum, [, requests]) => sum + requests, 0) ?? 0
  }

  test('that is good is promoted, and its verdict can be repeated', async () => {
    const repository = await live('good', `steps: [20, 50], least: 2s, most: 60s, ${quick}`)
    const traffic = load('good')
    // The host counts by the second; only whole seconds before the canary are its past.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const run = await deliver('good', repository, server('2'))
    const ended = await endedRun(installation, run)
    expect(ended.reason).toBe(null)
    expect(ended.state).toBe('succeeded')
    expect((await traffic.stop()).every(({ status }) => status === 200)).toBe(true)
    expect((await ask(installation, 'good', 'production')).text).toBe('2')
    const verdict = await verdictOf(run)
    expect(verdict).toMatchObject({
      state: 'promoted',
      judgement: { verdict: 'healthy', basis: 'excluded' },
    })
    expect(verdict.history.map(({ share }) => share)).toEqual(expect.arrayContaining([0.2, 0.5]))
    expect(verdict.outcomes.canary['2xx']).toBe(verdict.judgement.errors.canary.requests)
    const replayed = await installation.cli('canary', 'replay', String(run))
    expect(replayed).toMatchObject({ code: 0 })
    expect(replayed.stdout).toContain('Same result: healthy')
    const shown = await installation.cli('verdict', 'show', String(run))
    expect(shown.stdout).toContain('promoted')
    expect(await earlierOf(deploymentOf(ended).id)).toBeGreaterThan(0)
  })

  test('that does harm loses its traffic, and its change is held', async () => {
    const repository = await live('bad', 'steps: [10, 50], least: 20s, most: 60s')
    const traffic = load('bad')
    const run = await deliver('bad', repository, server('2', 3))
    const ended = await endedRun(installation, run)
    expect(ended.state).toBe('failed')
    expect(ended.reason).toMatch(/^production: .*canary/i)
    expect(deploymentOf(ended).state).toBe('rolled_back')
    traffic.answers.length = 0
    await waitFor('requests are answered', async () => traffic.answers.length > 20)
    const after = await traffic.stop()
    expect(new Set(after.map(({ text }) => text))).toEqual(new Set(['1']))
    expect(await verdictOf(run)).toMatchObject({
      state: 'taken_back',
      judgement: { verdict: 'harmful', metric: 'errors' },
    })
    const { environments } = await installation.client.getLine({ params: { app: 'bad' } })
    expect(environments[0]?.held).toHaveLength(1)
    expect(await installation.cli('canary', 'replay', String(run))).toMatchObject({ code: 0 })
  })

  longTest('goes on with all that was counted when the server is killed', async () => {
    const repository = await live('killed', `steps: [50], least: 6s, most: 60s, ${quick}`)
    const traffic = load('killed', 3)
    const run = await deliver('killed', repository, server('2'))
    await waitFor(
      'it has counted',
      async () =>
        (await isCanary(run)) && (await verdictOf(run)).judgement.errors.canary.requests > 100,
    )
    const before = await verdictOf(run)
    await installation.killServer()
    await installation.start()
    const after = await verdictOf(run)
    expect(after.judgement.errors.canary.requests).toBeGreaterThanOrEqual(
      before.judgement.errors.canary.requests,
    )
    const ended = await endedRun(installation, run)
    expect(ended.state).toBe('succeeded')
    const answers = await traffic.stop()
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const { judgement } = await verdictOf(run)
    // Nothing was lost while no server was there: all requests since the canary began are in it.
    const counted = judgement.errors.canary.requests + judgement.errors.baseline.requests
    expect(counted).toBeGreaterThan(answers.length * 0.6)
  })

  test('without traffic waits for a person, who can promote it', async () => {
    const repository = await live(
      'quiet',
      'steps: [50], least: 100ms, most: 500ms, undecided: hold',
    )
    const run = await deliver('quiet', repository, server('2'))
    await waitFor(
      'it waits',
      async () => (await isCanary(run)) && (await verdictOf(run)).state === 'waiting',
    )
    expect((await verdictOf(run)).judgement.verdict).toBe('undecided')
    const waits = 'production: the canary waits for a decision: Not enough data'
    expect((await installation.cli('runs', 'quiet')).stdout).toContain(waits)
    expect((await installation.cli('status', 'quiet')).stdout).toContain(waits)
    expect((await installation.cli('show', String(run))).stdout).toContain(
      `fairlead canary promote ${run}, or fairlead cancel ${run}`,
    )
    expect((await installation.cli('canary', 'promote', String(run))).code).toBe(0)
    expect((await endedRun(installation, run)).state).toBe('succeeded')
    expect((await installation.cli('canary', 'promote', String(run))).stderr).toContain(
      'not a canary',
    )
  })

  longTest('without traffic is promoted by its verification, and the verdict says so', async () => {
    const repository = await live(
      'verified',
      'steps: [50], least: 100ms, most: 500ms',
      ', watch: 0s, verify: "true"',
    )
    const run = await deliver('verified', repository, server('2'))
    expect((await endedRun(installation, run)).state).toBe('succeeded')
    const { events } = await installation.client.listEvents({
      query: { app: 'verified', limit: 50 },
    })
    const finished = events.find(({ type }) => type === 'dev.cdeventsx.fairlead-verdict.finished')
    expect(finished?.data).toMatchObject({
      verdict: 'undecided',
      state: 'promoted',
      reason: expect.stringContaining('the verification command decided') as string,
    })
  })

  longTest('gives way to the next change, which is judged anew', async () => {
    const repository = await live('twice', 'steps: [50], least: 1s, most: 600s')
    const first = await deliver('twice', repository, server('2'))
    await waitFor('the first is a canary', () => isCanary(first))
    const second = await deliver('twice', repository, server('3'))
    expect(await endedRun(installation, first)).toMatchObject({ state: 'superseded' })
    await waitFor('the second is a canary', () => isCanary(second))
    const { state, judgement } = await verdictOf(second)
    expect(state).toBe('running')
    expect(judgement.errors.canary.requests).toBe(0)
    expect((await ask(installation, 'twice', 'production')).text).toMatch(/1|3/)
    await installation.client.cancelRun({ params: { run: second } })
    expect(await endedRun(installation, second)).toMatchObject({ state: 'cancelled' })
    const texts = await Promise.all(
      Array.from({ length: 20 }, () => ask(installation, 'twice', 'production')),
    )
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(['1']))
  })

  longTest('that is promoted goes back when it does harm later', async () => {
    const repository = await live(
      'late',
      `steps: [50], least: 1s, most: 60s, ${quick}`,
      ', watch: 120s',
    )
    const traffic = load('late')
    const run = await deliver('late', repository, server('2'))
    expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
    await ask(installation, 'late', 'production', '/turn-bad')
    const { id } = deploymentOf(await installation.client.getRun({ params: { run } }))
    const params = { deployment: id }
    await waitFor('it is rolled back', async () => {
      const { deployments } = await installation.client.getRun({ params: { run } })
      return deployments[0]?.deployment?.state === 'rolled_back'
    })
    await traffic.stop()
    expect(await installation.client.getWatch({ params })).toMatchObject({
      state: 'harmful',
      reason: expect.stringMatching(/requests failed since it has all of the traffic/) as string,
    })
    const shown = await installation.cli('verdict', 'show', String(run))
    expect(shown.stdout).toMatch(/since promotion +harmful: [\d,]+ of [\d,]+ requests failed/)
    expect(await installation.cli('canary', 'replay', String(run))).toMatchObject({ code: 0 })
  })

  longTest('is not needed to roll back a release that fails more often than before', async () => {
    const yaml = (failing: number) => ({
      'server.js': server(String(failing), failing),
      'fairlead.yaml':
        'services: {web: {run: exec node server.js, health: /health}}\n' +
        'environments: {production: {}}\n',
    })
    const repository = await liveWith('plain', yaml(0))
    const traffic = load('plain')
    await waitFor('it has served', async () => traffic.answers.length > 500)
    const run = await deliver('plain', repository, server('2', 3))
    expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
    await waitFor(
      'it is rolled back',
      async () => (await ask(installation, 'plain', 'production')).text === '0',
    )
    await traffic.stop()
    const { id } = deploymentOf(await installation.client.getRun({ params: { run } }))
    expect(await installation.client.getWatch({ params: { deployment: id } })).toMatchObject({
      state: 'harmful',
      before: { errors: 0 },
    })
  })

  longTest(
    'is compared with the last proven release, where each one is a little worse',
    async () => {
      const watched = (time: string): string =>
        'services: {web: {run: exec node server.js, health: /health}}\n' +
        `environments: {production: {watch: ${time}}}\n`
      const repository = await liveWith('slowly', {
        'server.js': server('1', 20),
        'fairlead.yaml': watched('30s'),
      })
      const traffic = load('slowly')
      const watchOf = async (run: number) => {
        const { id } = deploymentOf(await installation.client.getRun({ params: { run } }))
        return installation.client.getWatch({ params: { deployment: id } })
      }
      const { runs } = await installation.client.listRuns({ query: { app: 'slowly' } })
      const first = runs[0]?.id ?? 0
      await waitFor('the first is proven', async () => (await watchOf(first)).state === 'healthy')
      // Slow traffic needs longer than half a minute to prove the harm.
      await repository.commit({ 'fairlead.yaml': watched('10m') })
      const second = await deliver('slowly', repository, server('2', 14))
      expect(await endedRun(installation, second)).toMatchObject({ state: 'succeeded' })
      const served = traffic.answers.length
      // So few that the second is not proven harmful itself.
      await waitFor('the second has served', async () => traffic.answers.length > served + 200)
      const third = await deliver('slowly', repository, server('3', 10))
      expect(await endedRun(installation, third)).toMatchObject({ state: 'succeeded' })
      await waitFor(
        'the third is rolled back',
        async () => (await watchOf(third)).state === 'harmful',
        300,
      )
      expect((await watchOf(second)).state).toBe('replaced')
      const { reason, proven } = await watchOf(third)
      expect(reason).toMatch(/compared with [\d,]+ of [\d,]+ of release \d+, the last proven one/)
      expect(proven?.release).toBe(
        deploymentOf(await installation.client.getRun({ params: { run: first } })).release,
      )
      await waitFor(
        'the first has the traffic',
        async () => (await ask(installation, 'slowly', 'production')).text === '1',
      )
      await traffic.stop()
    },
  )

  longTest('that fails for one tenant only is rolled back, and the tenant is named', async () => {
    const globex =
      "if (request.headers['x-tenant'] === 'globex' && n % 10 === 0) response.statusCode = 500"
    const repository = await liveWith('tenants', {
      'server.js': behaving(globex),
      'fairlead.yaml': file('steps: [50], least: 60s, most: 600s, tenant: X-Tenant'),
    })
    const traffics = [
      load('tenants', 6, null, { 'x-tenant': 'globex' }),
      load('tenants', 1, null, { 'x-tenant': 'acme' }),
    ]
    const acme =
      "if (request.headers['x-tenant'] === 'acme' && n % 4 === 0) response.statusCode = 500"
    const run = await deliver('tenants', repository, behaving(`${globex}\n${acme}`))
    const ended = await endedRun(installation, run)
    await Promise.all(traffics.map((traffic) => traffic.stop()))
    // All requests together may prove the harm first; the reason names the tenant then, too.
    expect(ended.reason).toContain('`tenant acme`')
    expect(await verdictOf(run)).toMatchObject({
      state: 'taken_back',
      judgement: { verdict: 'harmful' },
    })
    const shown = await installation.cli('canary', 'show', String(run))
    expect(shown.stdout).toContain('`tenant acme`')
  })

  // A client that waits for an answer asks for nothing else, so it takes more connections.
  longTest.each([
    { app: 'hangs', clients: 'give up', connections: 16, patience: 200 },
    { app: 'waits', clients: 'wait', connections: 100, patience: 30_000 },
  ])(
    'of which one request in a hundred hangs is taken back, while its clients $clients',
    async ({ app, connections, patience }) => {
      const repository = await liveWith(app, {
        'server.js': behaving(''),
        'fairlead.yaml': file('steps: [50], least: 60s, most: 600s'),
      })
      const traffic = load(app, connections, patience)
      const run = await deliver(app, repository, behaving('if (n % 100 === 0) return'))
      const ended = await endedRun(installation, run)
      await traffic.stop()
      expect(ended.reason).toMatch(/more requests that did not finish/)
      expect(await verdictOf(run)).toMatchObject({
        state: 'taken_back',
        judgement: { verdict: 'harmful', metric: 'unfinished' },
      })
    },
  )

  longTest('is never promoted with 404s, empty bodies, or beside a broken baseline', async () => {
    const cases: Record<string, [string, string]> = {
      missing: ['', 'response.statusCode = 404'],
      empty: ['', "return response.end('')"],
      broken: ['if (n % 5 > 0) response.statusCode = 500', 'response.statusCode = 500'],
    }
    await Promise.all(
      Object.entries(cases).map(async ([app, [before, after]]) => {
        const repository = await liveWith(app, {
          'server.js': behaving(before),
          'fairlead.yaml': file('steps: [50], least: 1s, most: 15s'),
        })
        const traffic = load(app, 4, 300)
        const run = await deliver(app, repository, behaving(after))
        let state = 'running'
        await waitFor(`${app} is decided`, async () => {
          state = await verdictOf(run).then(
            (verdict) => verdict.state,
            () => 'running',
          )
          return state !== 'running'
        })
        await traffic.stop()
        expect([app, state]).toEqual([app, expect.stringMatching(/^(waiting|taken_back)$/)])
        expect((await verdictOf(run)).judgement.verdict).not.toBe('healthy')
      }),
    )
  })

  longTest('waits for a person when it throws a new error that fails no request', async () => {
    const repository = await liveWith('throws', {
      'server.js': behaving(''),
      'fairlead.yaml': file(`steps: [50], least: 25s, most: 30s, warm: 0s, ${quick}`),
    })
    const traffic = load('throws')
    const throwing = "if (n % 5 === 0) console.error(new TypeError('price is undefined'))"
    const run = await deliver('throws', repository, behaving(throwing))
    await waitFor(
      'it waits',
      async () => (await isCanary(run)) && (await verdictOf(run)).state === 'waiting',
    )
    expect((await traffic.stop()).every(({ status }) => status === 200)).toBe(true)
    const { judgement } = await verdictOf(run)
    expect(judgement.doubt).toMatch(/^The canary throws a new error, TypeError: price is undefined/)
    const held = judgement.outcomes.find(({ state }) => state === 'shifted')
    const params = { error: Number(held?.name.slice('error/'.length)) }
    expect(await installation.client.getError({ params })).toMatchObject({ type: 'TypeError' })
    const shown = await installation.cli('canary', 'show', String(run))
    expect(shown.stdout).toMatch(/holds it +error \d+, TypeError: price is undefined/)
    expect((await installation.cli('canary', 'promote', String(run))).code).toBe(0)
    expect((await endedRun(installation, run)).state).toBe('succeeded')
    expect(await installation.cli('canary', 'replay', String(run))).toMatchObject({ code: 0 })
  })

  longTest('that dies goes back', async () => {
    const repository = await live('dying', 'steps: [50], least: 60s, most: 600s')
    const run = await deliver(
      'dying',
      repository,
      `setTimeout(() => process.exit(7), 1500)\n${server('2')}`,
    )
    const ended = await endedRun(installation, run)
    expect(ended).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('does not stay up') as string,
    })
    expect((await ask(installation, 'dying', 'production')).text).toBe('1')
  })
})
