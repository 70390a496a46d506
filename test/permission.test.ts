import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '#contract/client.ts'
import type { Role } from '#contract/endpoint.ts'
import { launchBrowser, signIn } from './support/browser.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { signInAs } from './support/people.ts'
import { requires } from './support/programs.ts'
import { longDescribe, longTest } from './support/scale.ts'

describe('permission to begin', () => {
  let installation: Installation
  const repositories: Repository[] = []
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_CONCURRENCY: '1' } })
    const ada = (await signInAs(installation, 'Ada', 'developer')).client
    const { secret } = await ada.createToken({ body: { name: 'laptop', role: 'developer' } })
    remote = (app) => `http://ada:${secret}@127.0.0.1:${installation.port}/git/${app}.git`
  })
  afterAll(async () => {
    await installation.stop()
    for (const one of repositories) await one.remove()
  })

  let remote = (_app: string): string => ''
  /** Pushes as the user Ada; a push with the token of the machine has no known author. */
  const pushAsAda = async (app: string, repository: Repository): Promise<void> => {
    await installation.client.createApp({ body: { name: app } })
    await repository.git('push', remote(app), 'HEAD:main')
  }

  const repositoryOf = async (production: string): Promise<Repository> => {
    const repository = await makeRepository({ 'fairlead.yaml': yaml(production) })
    repositories.push(repository)
    return repository
  }
  const yaml = (production: string): string =>
    `steps: {test: "true"}\nenvironments:\n  staging: {}\n  production: ${production}\n`
  const as = async (name: string, role: Role) => {
    const { secret } = await installation.client.createToken({ body: { name, role } })
    return createClient({ base: installation.url, token: secret })
  }
  /** The deployment to production of the newest run, once it waits. */
  const waiting = async (
    app: string,
    reason: RegExp,
  ): Promise<{ deployment: number; run: number }> => {
    let found = { deployment: 0, run: 0 }
    await waitFor(`${app} waits`, async () => {
      const { deployments } = await installation.client.listDeployments({
        query: { app, environment: 'production', limit: 10 },
      })
      const newest = deployments.find(({ kind }) => kind === 'delivery')
      found = { deployment: newest?.id ?? 0, run: newest?.run ?? 0 }
      return newest?.state === 'waiting' && reason.test(newest.reason ?? '')
    })
    return found
  }
  const always = '{freeze: [{from: 2020-01-01, until: 2099-01-01, reason: the audit}]}'

  test('is given by others than the authors, and the time lost to it is known; other apps go on meanwhile', async () => {
    const repository = await repositoryOf('{approve: {by: [Bob, Ada], count: 1}}')
    await pushAsAda('asked', repository)
    const { deployment, run } = await waiting('asked', /^waits for approval by 1 of Bob, Ada$/)
    const shown = await installation.cli('show', String(run))
    expect(shown.stdout).toContain(
      `Decide about production: fairlead approve ${deployment}, or fairlead refuse ${deployment}`,
    )
    // The home page shows it to everybody, and offers it to those who may decide.
    for (const [name, refusal] of [
      ['Bob', null],
      ['Ada', 'You are an author of this change; another person must decide'],
    ] as const)
      expect((await (await as(name, 'developer')).getHome()).attention).toMatchObject([
        { kind: 'approval', app: 'asked', environment: 'production', deployment, run, refusal },
      ])
    // One workflow may run at once here: who waits for people takes no place.
    const other = await repositoryOf('{}')
    await push(installation, 'other', other)
    const { runs } = await installation.client.listRuns({ query: { app: 'other', limit: 1 } })
    expect(await endedRun(installation, runs[0]!.id)).toMatchObject({ state: 'succeeded' })

    const approve = {
      params: { deployment },
      body: { kind: 'approve' as const, comment: 'looks good' },
    }
    await expect((await as('Ada', 'admin')).decideDeployment(approve)).rejects.toThrow(
      'an author of this change',
    )
    await expect((await as('Mallory', 'admin')).decideDeployment(approve)).rejects.toThrow(
      'Only Bob or Ada can approve this',
    )
    await expect((await as('Vera', 'viewer')).decideDeployment(approve)).rejects.toThrow(
      'requires the role',
    )
    // A killed server keeps the waiting deployment.
    await installation.killServer()
    await installation.start()
    await (await as('Bob', 'developer')).decideDeployment(approve)
    expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
    const permission = await installation.client.getPermission({ params: { deployment } })
    expect(permission).toMatchObject({
      blocked: null,
      frozenMs: 0,
      decisions: [{ kind: 'approve', actor: 'Bob', comment: 'looks good' }],
    })
    expect(permission.approvalMs).toBeGreaterThan(500)
    const { events } = await installation.client.listEvents({
      query: { app: 'asked', type: 'dev.cdeventsx.fairlead-deployment.decided' },
    })
    expect(events.map(({ actor }) => actor)).toEqual(['Bob'])
    await expect((await as('Bob', 'developer')).decideDeployment(approve)).rejects.toThrow(
      'does not wait for a decision',
    )

    // A change cannot remove the approval that it needs.
    await repository.commit({ 'fairlead.yaml': yaml('{}') })
    await pushAsAda('asked', repository)
    const next = await waiting('asked', /^waits for approval by 1 of Bob, Ada$/)
    const { code, stdout } = await installation.cli(
      'refuse',
      String(next.deployment),
      '--comment',
      'not without review',
    )
    expect({ code, stdout }).toMatchObject({ code: 1 })
    await (
      await as('Bob', 'developer')
    ).decideDeployment({
      params: { deployment: next.deployment },
      body: { kind: 'refuse', comment: 'not without review' },
    })
    expect(await endedRun(installation, next.run)).toMatchObject({
      state: 'failed',
      reason: 'production: Bob refused it: not without review',
    })
  })

  longTest('is not given by the person who pushed a commit with a forged author', async () => {
    const repository = await repositoryOf('{approve: {by: [Ada, Bob]}}')
    const forge = (text: string) =>
      repository.git('commit', '--allow-empty', '--author', 'Eve <eve@example.com>', '-m', text)
    await forge('Not by Eve')
    await pushAsAda('forged', repository)
    const first = await waiting('forged', /^waits for approval by 1 of Ada, Bob$/)
    const approve = async (name: string, role: Role, { deployment }: { deployment: number }) =>
      (await as(name, role)).decideDeployment({
        params: { deployment },
        body: { kind: 'approve', comment: '' },
      })
    await expect(approve('Ada', 'developer', first)).rejects.toThrow('an author of this change')
    await approve('Bob', 'developer', first)
    await endedRun(installation, first.run)

    // Nobody in particular pushes with the token of the machine.
    await forge('Not by Eve either')
    await push(installation, 'forged', repository)
    const second = await waiting('forged', /^waits for approval by 1 of Ada, Bob; two people/)
    expect(second.run).toBeGreaterThan(first.run)
    await approve('Ada', 'developer', second)
    await waiting('forged', /^waits for approval by another operator; two people must approve it/)
    await expect(approve('Vic', 'developer', second)).rejects.toThrow(
      'Only Ada, Bob or an operator can approve this',
    )
    await approve('Zoe', 'operator', second)
    expect(await endedRun(installation, second.run)).toMatchObject({ state: 'succeeded' })
  })

  longTest(
    'a freeze holds changes, the newest goes when somebody overrides it, and going back needs nobody',
    async () => {
      const repository = await repositoryOf('{}')
      await push(installation, 'frozen', repository)
      const { runs } = await installation.client.listRuns({ query: { app: 'frozen', limit: 1 } })
      await endedRun(installation, runs[0]!.id)
      await repository.commit({ 'fairlead.yaml': yaml(always) })
      await push(installation, 'frozen', repository)
      const first = await waiting('frozen', /^frozen until 2099-01-01 00:00 UTC: the audit$/)
      await repository.commit({ 'a.txt': 'two' })
      await push(installation, 'frozen', repository)
      expect(await endedRun(installation, first.run)).toMatchObject({ state: 'superseded' })
      const second = await waiting('frozen', /^frozen until/)
      expect(second.run).toBeGreaterThan(first.run)
      expect(
        (await installation.cli('override-freeze', String(second.deployment), '--comment', ' '))
          .stderr,
      ).toContain('give the reason')
      const zoe = await as('Zoe', 'operator')
      await zoe.decideDeployment({
        params: { deployment: second.deployment },
        body: { kind: 'override', comment: 'the outage' },
      })
      expect(await endedRun(installation, second.run)).toMatchObject({ state: 'succeeded' })
      expect(
        (await installation.client.getPermission({ params: { deployment: second.deployment } }))
          .frozenMs,
      ).toBeGreaterThan(0)
      const back = await installation.client.rollback({
        params: { app: 'frozen', environment: 'production' },
        body: {},
      })
      await waitFor('it is back', async () => {
        const { live } = await installation.client.getDeployment({
          params: { deployment: back.id },
        })
        return live !== null
      })
    },
  )

  longTest(
    'a configuration is a change: it waits, is no part of what is delivered meanwhile, and is gone when it is refused',
    async () => {
      const repository = await repositoryOf('{approve: {by: [Bob]}}')
      await pushAsAda('configured', repository)
      const first = await waiting('configured', /^waits for approval/)
      const bob = await as('Bob', 'developer')
      const approve = (deployment: number) =>
        bob.decideDeployment({
          params: { deployment },
          body: { kind: 'approve' as const, comment: '' },
        })
      await approve(first.deployment)
      await endedRun(installation, first.run)
      const zoe = await as('Zoe', 'operator')
      const params = { app: 'configured', environment: 'production' }
      const set = (name: string) =>
        zoe.changeConfiguration({ params, body: { variables: { [name]: '1' } } })
      const inForce = async () => (await zoe.getConfiguration({ params })).variables
      const stateOf = async (deployment: number) =>
        (await zoe.getDeployment({ params: { deployment } })).state

      const one = await set('ONE')
      expect(one.configuration).toMatchObject({ version: 1, state: 'waiting' })
      const two = await set('TWO')
      expect(two.configuration).toMatchObject({
        version: 2,
        state: 'waiting',
        changed: ['ONE', 'TWO'],
      })
      await waitFor(
        'the first gave way',
        async () => (await stateOf(one.deployment?.id ?? 0)) === 'superseded',
      )
      expect(await inForce()).toEqual({})
      // What is delivered meanwhile has what is in force.
      await repository.commit({ 'a.txt': 'one' })
      await pushAsAda('configured', repository)
      let second = first
      await waitFor('the next change waits', async () => {
        second = await waiting('configured', /^waits for approval/)
        return second.run > first.run
      })
      await approve(second.deployment)
      expect(await endedRun(installation, second.run)).toMatchObject({ state: 'succeeded' })
      expect(await zoe.getDeployment({ params: { deployment: second.deployment } })).toMatchObject({
        configuration: 0,
      })

      await bob.decideDeployment({
        params: { deployment: two.deployment?.id ?? 0 },
        body: { kind: 'refuse', comment: 'not in this week' },
      })
      await waitFor(
        'it is refused',
        async () => (await stateOf(two.deployment?.id ?? 0)) === 'failed',
      )
      const three = await set('THREE')
      expect(three.configuration).toMatchObject({
        version: 3,
        state: 'waiting',
        changed: ['THREE'],
      })
      await waitFor('it waits', async () => {
        const { blocked } = await zoe.getPermission({
          params: { deployment: three.deployment?.id ?? 0 },
        })
        return blocked === 'approval'
      })
      await approve(three.deployment?.id ?? 0)
      await waitFor('it is live', async () => (await stateOf(three.deployment?.id ?? 0)) === 'live')
      expect(await inForce()).toEqual({ THREE: '1' })
      const { configurations } = await zoe.listConfigurations({ params })
      expect(configurations.map(({ version, state }) => [version, state])).toEqual([
        [3, 'in_force'],
        [2, 'refused'],
        [1, 'refused'],
      ])
      // What has the traffic by the time that it is approved gets it, and what had it does not come
      // back.
      const four = await set('FOUR')
      await repository.commit({ 'a.txt': 'two' })
      await pushAsAda('configured', repository)
      let third = second
      await waitFor('the next change waits', async () => {
        third = await waiting('configured', /^waits for approval/)
        return third.run > second.run
      })
      await approve(third.deployment)
      expect(await endedRun(installation, third.run)).toMatchObject({ state: 'succeeded' })
      expect(await inForce()).toEqual({ THREE: '1' })
      await approve(four.deployment?.id ?? 0)
      await waitFor('it is brought to what is live', async () => 'FOUR' in (await inForce()))
      await waitFor('it is live', async () => {
        const { deployments } = await zoe.listDeployments({ query: { ...params, state: 'live' } })
        return deployments[0]?.configuration === 4
      })
      const [now] = (await zoe.listDeployments({ query: { ...params, state: 'live' } })).deployments
      expect(now).toMatchObject({ kind: 'configuration', run: third.run })
      expect(await stateOf(four.deployment?.id ?? 0)).toBe('superseded')

      const { environments } = await zoe.listTimeLost({ params: { app: 'configured' } })
      expect(environments[0]).toMatchObject({
        environment: 'staging',
        deployments: 3,
        waited: 0,
        approvalMs: 0,
      })
      expect(environments[1]).toMatchObject({
        environment: 'production',
        deployments: 8,
        frozenMs: 0,
      })
      expect(environments[1]?.approvalMs).toBeGreaterThan(environments[1]?.longestMs ?? 0)
    },
  )

  test('a run that waits can be cancelled', async () => {
    await push(installation, 'given-up', await repositoryOf(always))
    const { deployment, run } = await waiting('given-up', /^frozen/)
    await installation.client.cancelRun({ params: { run } })
    expect(await endedRun(installation, run)).toMatchObject({ state: 'cancelled' })
    expect(await installation.client.getDeployment({ params: { deployment } })).toMatchObject({
      state: 'cancelled',
    })
  })

  longDescribe('in the console', requires('chromium'), () => {
    let browser: Browser
    let page: Page
    const problems: string[] = []
    beforeAll(async () => {
      browser = await launchBrowser()
      page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
      page.on('pageerror', (error) => problems.push(error.message))
      await signIn(installation, page)
    }, 180_000)
    afterAll(() => browser?.close())

    test('who waits, for what and since when is seen, and decided on', async () => {
      await pushAsAda('seen', await repositoryOf('{approve: {}}'))
      const { run } = await waiting('seen', /^waits for approval by an operator$/)
      await page.goto(`http://localhost:${installation.port}/runs/${run}?environment=production`)
      const panel = page.getByRole('region', { name: 'Environment production' })
      await page.getByText('Waits for approval by an operator.').waitFor()
      await page.getByRole('button', { name: 'Approve for production' }).click()
      const dialog = page.getByRole('alertdialog', { name: 'Approve the deployment?' })
      await dialog.getByLabel('Comment').fill('seen by eye')
      await dialog.getByRole('button', { name: 'Approve' }).click()
      await page.getByText('admin approved it: seen by eye').first().waitFor()
      await panel.getByText(/lost to waiting for approval/).waitFor({ timeout: 20_000 })

      await pushAsAda('others', await repositoryOf('{approve: {by: [Bob]}}'))
      const other = await waiting('others', /^waits for approval/)
      await page.goto(`http://localhost:${installation.port}/runs/${other.run}`)
      await page.getByText('Only Bob can approve this.').waitFor()
      expect(await page.getByRole('button', { name: /^(Approve|Refuse)/ }).count()).toBe(0)
      expect(problems).toEqual([])
    })
  })
})
