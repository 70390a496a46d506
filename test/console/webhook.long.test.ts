import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, signIn } from '../support/browser.ts'
import { pushes } from '../support/forge.ts'
import { startForge } from '../support/forge-server.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { makeRepository } from '../support/repository.ts'
import { push } from '../support/app.ts'
import { requires } from '../support/programs.ts'
import { longTest } from '../support/scale.ts'

describe('the webhook page', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_POLL_SECONDS: '3600' } })
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
  })

  test('creates a webhook, shows its deliveries live, and replays a rejected one', async () => {
    const repository = await makeRepository({ 'fairlead.yaml': 'steps: {test: {run: "true"}}\n' })
    const after = (await repository.git('rev-parse', 'HEAD')).trim()
    await installation.client.createApp({
      body: {
        name: 'shop',
        repository: { kind: 'url', url: `file://${repository.folder}` },
        branch: 'main',
      },
    })
    await page.goto(`http://localhost:${installation.port}/apps/shop`)
    await page.getByRole('link', { name: 'webhook' }).click()
    await page.getByText('This app has no webhook').waitFor()
    await page.getByText('No deliveries yet.').waitFor()
    await page.getByRole('button', { name: 'Create a webhook' }).click()
    await page.getByRole('button', { name: 'Create it' }).click()
    const dialog = page.getByRole('dialog', { name: 'Secret of the webhook' })
    const secret = /whsec_\S+/.exec(await dialog.innerText())![0]
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByText(`http://localhost:${installation.port}/webhooks/shop`).waitFor()

    const send = (forge: string, key: string, ref = 'refs/heads/main') => {
      const { headers, body } = pushes[forge]!(key, { before: '0'.repeat(40), after, ref })
      return fetch(`${installation.url}/webhooks/shop`, { method: 'POST', headers, body })
    }
    expect((await send('github', secret)).status).toBe(202)
    const list = page.getByRole('region', { name: 'Deliveries' })
    await list.getByRole('link', { name: 'run 1' }).waitFor()
    await send('gitlab signed', secret, 'refs/heads/other')
    await list.getByText('not a push to main, the delivered branch').waitFor()
    expect((await send('gitea', 'wrong')).status).toBe(401)
    await page.getByText(/1 refused.*signature does not match the secret/).waitFor()
    const ended = async () => {
      const { deliveries } = await installation.client.listWebhookDeliveries({
        params: { app: 'shop' },
      })
      return deliveries.find(({ number }) => number === 1)?.ended
    }
    const before = await ended()
    await list.getByRole('button', { name: 'Replay delivery 1' }).click()
    await expect.poll(async () => ((await ended()) ?? '') > before!).toBe(true)
    await list.getByRole('link', { name: 'run 1' }).click()
    await page.waitForURL(/\/runs\/1$/)
    expect(problems).toEqual([])
  })

  longTest(
    'shows results that were sent to the Git provider, and why one was refused',
    async () => {
      const forge = await startForge('good-token')
      const connect = (token: string) =>
        installation.client.putForge({
          params: { app: 'told' },
          body: { kind: 'github', url: forge.url, repository: 'acme/shop', token },
        })
      const of = () => installation.client.getForge({ params: { app: 'told' } })
      await installation.client.createApp({ body: { name: 'told' } })
      await page.goto(`http://localhost:${installation.port}/apps/told/webhook`)
      const section = page.getByRole('region', { name: 'Git provider' })
      await section.getByText('This app is not connected to a Git provider.').waitFor()
      await connect('bad-token')
      const repository = await makeRepository({ 'fairlead.yaml': 'steps: {test: {run: "true"}}\n' })
      await push(installation, 'told', repository)
      await expect.poll(async () => (await of()).forge?.problem).toMatch(/^it answers 401/)
      await page.reload()
      await section.getByText(/It answers 401.*Next try at/).waitFor()
      await connect('good-token')
      await expect.poll(async () => (await of()).reports[0]?.state).toBe('succeeded')
      await page.reload()
      await section.getByText(/commit [0-9a-f]{7}: succeeded/).waitFor()
      await section.getByText('acme/shop').waitFor()
      expect(await section.getByText('401').count()).toBe(0)
      await forge.stop()
      await repository.remove()
      expect(problems).toEqual([])
    },
  )
})
