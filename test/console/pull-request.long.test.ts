import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, signIn } from '../support/browser.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { tinyApp, tinyServer } from '../support/repository.ts'
import { requires } from '../support/programs.ts'
import { type Proposing, startProposing } from '../support/pull-request.ts'

describe('the pull request pages', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  let at: Proposing
  const problems: string[] = []

  beforeAll(async () => {
    installation = await startInstallation({
      env: { FAIRLEAD_PULLS_SECONDS: '0.4', FAIRLEAD_POLL_SECONDS: '0.4' },
    })
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
    const more = 'environments: {production: {}}\npull_requests: {forks: ask, preview: true}\n'
    at = await startProposing(installation, 'shop', tinyApp('one', more))
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await at?.remove()
    await installation?.stop()
  })

  test('list open pull requests and previews, and approve a commit', async () => {
    await page.goto(`http://localhost:${installation.port}/apps/shop/pull-requests`)
    await page.getByText('Connect a Git provider or create a webhook').waitFor()
    await at.propose(
      { number: 12, branch: 'rounding', title: 'Round prices' },
      { 'server.js': tinyServer('two') },
    )
    await at.propose(
      { number: 13, branch: 'main', fork: 'mallory/shop', title: 'Speed it up' },
      { 'server.js': tinyServer('three') },
    )
    const row = (title: string) => page.getByRole('listitem').filter({ hasText: title })
    // The page updates from events, without a reload.
    await row('Round prices').getByText('Succeeded').waitFor({ timeout: 60_000 })
    await row('Round prices')
      .getByRole('link', { name: /^localhost:\d+$/ })
      .waitFor()
    await row('Speed it up').getByText('Needs approval').waitFor()
    await row('Speed it up').getByText('This commit needs an approval to run.').waitFor()

    await row('Speed it up').getByRole('button', { name: 'Approve …' }).click()
    const dialog = page.getByRole('alertdialog')
    await dialog.getByText('This commit of mallory/shop will run with the secrets').waitFor()
    await dialog.getByRole('button', { name: /^Approve [0-9a-f]{7}$/ }).click()
    await row('Speed it up').getByText('Succeeded').waitFor({ timeout: 60_000 })
    await row('Speed it up').getByRole('link', { name: 'run 3' }).click()
    await page.getByRole('link', { name: 'pull request 13', exact: true }).waitFor()
    await page.getByRole('heading', { name: /Propose 13/ }).waitFor()

    await page.goto(`http://localhost:${installation.port}/apps/shop`)
    const section = page.getByRole('region', { name: 'Pull requests' })
    await section.getByText('Round prices').waitFor()
    await section.getByRole('link', { name: 'pr-12' }).click()
    await page.getByRole('heading', { name: 'shop pr-12' }).waitFor()
    await page.getByText('Healthy').first().waitFor()
    at.forge.instead = () => ({ status: 503, body: {} })
    at.say(12, { state: 'merged' })
    await page.goto(`http://localhost:${installation.port}/apps/shop/pull-requests`)
    await page
      .getByRole('alert')
      .getByText(/^The Git provider: it answers 503/)
      .waitFor({ timeout: 30_000 })
    await page.getByText('2 previews').waitFor()
    at.forge.instead = null
    await row('Round prices').getByText('Merged', { exact: true }).waitFor({ timeout: 60_000 })
    await page.getByText('1 preview.').waitFor({ timeout: 30_000 })
    expect(problems).toEqual([])
  }, 180_000)
})
