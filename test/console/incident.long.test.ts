import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedRun, push } from '../support/app.ts'
import { accessibilityProblems, launchBrowser, signIn } from '../support/browser.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { requires } from '../support/programs.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import { waitFor } from '../support/wait.ts'

const server = (status: number): string => `
require('node:http')
  .createServer(({ url }, response) =>
    response.writeHead(url.startsWith('/checkout') ? ${status} : 200).end())
  .listen(process.env.PORT, '127.0.0.1')
`
const file = `
services: {web: {run: exec node server.js, health: /}}
environments: {production: {watch: 0s}}
monitors: {checkout: {http: /checkout, every: 1s}}
switches:
  mail: {default: false, rollout: {key: X-User, steps: [10, 50], every: 10m}}
`

describe('an incident on a phone with the dark theme', requires('chromium'), () => {
  let installation: Installation
  let repository: Repository
  let browser: Browser
  let page: Page
  const problems: string[] = []
  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({ 'server.js': server(200), 'fairlead.yaml': file })
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
    await repository?.remove()
  })

  const load = (path: string) => page.goto(`http://localhost:${installation.port}${path}`)
  const isWide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  const monitor = async () =>
    (await installation.client.listMonitors({ query: { app: 'shop' } })).monitors.find(
      ({ name }) => name === 'checkout',
    )?.state

  test('a value of a switch is rolled out', async () => {
    await load('/apps/shop/environments/production')
    const switches = page.getByRole('region', { name: 'Switches' })
    await switches.getByRole('button', { name: 'Roll out mail' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Value').selectOption('on')
    await dialog.getByLabel('Reason').fill('the new mails')
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Roll out' }).click()
    await switches.getByText('on for 10 %, else off').waitFor()
  })

  test('the release that did the harm is rolled back', async () => {
    await waitFor('the monitor is up', async () => (await monitor()) === 'up', 60)
    await repository.commit({ 'server.js': server(500) }, 'Break the checkout')
    await push(installation, 'shop', repository)
    await endedRun(installation, 2)
    const { client } = installation
    const first = async () => (await client.listIncidents({ query: { app: 'shop' } })).incidents[0]
    await waitFor('the incident', async () => (await first()) !== undefined, 120)
    const { id } = (await first())!
    await load(`/incidents/${id}`)
    const mitigations = page.getByRole('region', { name: 'What may stop it' })
    await mitigations.getByText('Proposed: it undoes the first suspect.').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    expect(await isWide()).toBe(false)
    await mitigations.getByRole('button', { name: /^Roll back/ }).click()
    const dialog = page.getByRole('alertdialog', { name: 'Roll back production of shop?' })
    expect(await dialog.textContent()).toContain('“Begin”')
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByRole('button', { name: /^Roll back to / }).click()
    await page
      .getByRole('region', { name: 'Timeline' })
      .getByText(/rollback/i)
      .first()
      .waitFor()
    await waitFor('it is over', async () => (await first())?.over !== null, 120)
    expect((await first())?.mitigated).not.toBeNull()
    await page.getByText('Over', { exact: true }).first().waitFor()
    expect(await isWide()).toBe(false)
    expect(problems).toEqual([])
  })
})
