import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityProblems, launchBrowser, signIn } from '../support/browser.ts'
import { endedRun, push } from '../support/app.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { makeRepository, type Repository, tinyServer } from '../support/repository.ts'
import { openAlert } from '../support/alert.ts'
import { requires } from '../support/programs.ts'
import { waitFor } from '../support/wait.ts'
import { isLong, longTest } from '../support/scale.ts'

/** A pipeline with two branches, a log that is rendered in parts, and one environment. */
const definition = `
steps:
  build: node --check server.js
  count: { run: 'for i in $(seq 1 3000); do echo "line $i of many"; done', needs: build }
  colours: { run: 'printf "\\033[31mred\\033[0m and plain\\n"', needs: build }
services:
  web: { run: exec node server.js, health: / }
jobs:
  report: 'printf "\\033[31mred\\033[0m and plain\\n"; exit 3'
switches: {mail: true}
monitors: {homepage: {http: /, every: 1s}}
experiments:
  frozen-web: {action: pause, service: web, environments: production, for: 5s}
environments:
  production: {}
config: { files: { notes.txt: notes.liquid } }
`

/** The pages that are checked for the width of a phone and with axe. */
const pages = [
  '/',
  '/apps',
  '/runs',
  '/apps/shop',
  '/apps/shop/runs',
  '/apps/shop/environments',
  '/apps/shop/configuration',
  '/apps/shop/settings',
  '/runs/1/events',
  '/runs/1?step=count',
  '/runs/1?step=colours',
  '/runs/1?environment=production',
  '/runs/1/change',
  '/runs/9999',
  '/deployments',
  '/deployments/figures',
  '/events',
  '/alerts',
  '/alerts/1',
  '/incidents',
  '/incidents/1',
  '/incidents/reviews',
  '/status-page',
  '/monitors',
  '/on-call',
  '/channels',
  '/errors',
  '/apps/shop/monitors',
  '/apps/shop/errors',
  '/apps/shop/jobs',
  '/apps/shop/job-runs/1',
  '/apps/shop/experiments',
  '/apps/shop/experiment-runs/1',
  '/apps/shop/environments/production',
  '/docs/cli',
  '/docs/fairlead-yaml',
  '/tokens',
  '/hosts',
  '/users',
  '/sessions',
  '/nowhere',
  '/sign-in',
]
/** Of each kind one: a list, a log, forms, and a page without data. */
const representative = ['/', '/runs/1?step=colours', '/apps/shop/configuration', '/monitors']

const widthOfDocument = (): number =>
  Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)

describe('the console', requires('chromium'), () => {
  let installation: Installation
  let repository: Repository
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const problems: string[] = []

  const load = async (path: string): Promise<void> => {
    await page.goto(`http://localhost:${installation.port}${path}`)
  }
  /** Opens a page as a link does, without a load of the console; what has the focus keeps it. */
  const open = async (path: string): Promise<void> => {
    if (page.url().startsWith(`http://localhost:${installation.port}`))
      await page.evaluate((to) => {
        history.pushState(null, '', to)
        dispatchEvent(new PopStateEvent('popstate'))
      }, path)
    else await load(path)
  }
  const statusOf = async (path: string, headers: Record<string, string>): Promise<number> => {
    const response = await fetch(`${installation.url}/api/v1${path}`, { headers })
    await response.body?.cancel()
    return response.status
  }
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name })

  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({
      'server.js': tinyServer('one'),
      'notes.liquid': 'level {{ LOG_LEVEL | default: "info" }}\n\n\ncolour red\n',
      'fairlead.yaml': definition,
    })
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    browser = await launchBrowser()
    context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme: 'light',
    })
    page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) problems.push(message.text())
    })
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
    await repository?.remove()
  })

  test('redirects to the sign-in page, and back after sign-in', async () => {
    await page.goto(`http://localhost:${installation.port}/runs/1`)
    await page.waitForURL((url) => url.pathname === '/sign-in')
    await heading('Sign in to Fairlead').waitFor()
    const { stdout } = await installation.cli('link')
    const link = /https?:\/\/\S+code=\S+/.exec(stdout)?.[0] ?? ''
    await page.getByLabel(/One-time link/).fill(link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await heading('Begin').waitFor()
    expect(new URL(page.url()).pathname).toBe('/runs/1')
  })

  longTest('rejects an invalid link, and says what to do', async () => {
    const other = await browser.newContext()
    const tab = await other.newPage()
    await tab.goto(`http://localhost:${installation.port}/sign-in?code=nonsense`)
    const alert = tab.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toContain('fairlead link')
    await other.close()
  })

  test('an app on another port receives the cookie of the session, and cannot use it', async () => {
    let received = ''
    const app = createServer((request, response) => {
      received = request.headers.cookie ?? ''
      response.setHeader('content-type', 'text/html').end('an app')
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    const { port } = app.address() as AddressInfo
    const tab = await context.newPage()
    try {
      await tab.goto(`http://localhost:${port}/`)
      expect(received).toMatch(/fairlead_session=\S{40,}/)
      for (const path of ['/me', '/tokens', '/events/stream', '/runs/1/steps/build/log/stream'])
        expect([path, await statusOf(path, { cookie: received })]).toEqual([path, 401])
      // Its own page can neither read with the session of the browser, nor read the key.
      const read = await tab.evaluate(
        `fetch('http://localhost:${installation.port}/api/v1/me', { credentials: 'include' })
          .then((response) => response.status, () => 'refused')`,
      )
      expect([read, await tab.evaluate('localStorage.length')]).toEqual(['refused', 0])
    } finally {
      await tab.close()
      app.close()
    }
    await page.reload()
    await heading('Begin').waitFor()
  })

  test('shows the line, and updates when a change arrives', async () => {
    await open('/')
    await heading('All is well').waitFor()
    const row = page.getByRole('article', { name: 'shop' })
    await row.getByText('Healthy').waitFor()
    expect(await page.title()).toBe('All is well · Fairlead')
    await repository.commit({ 'server.js': tinyServer('two') }, 'Answer two')
    await push(installation, 'shop', repository)
    await row.getByText('Answer two').waitFor()
    await endedRun(installation, 2)
    // The latest run and production show the change without a reload.
    const sha = (await installation.client.getRun({ params: { run: 2 } })).change.sha.slice(0, 7)
    await expect.poll(() => row.getByText(sha).count()).toBe(2)
    await heading('All is well').waitFor()
  })

  test('navigates the graph of a run by keyboard, and renders a long log in parts', async () => {
    await open('/runs/1?step=build')
    const step = (name: string) => page.getByRole('button', { name: `Step ${name} Passed` })
    await step('build').focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => new URL(page.url()).searchParams.get('step')).toBe('count')
    await page.getByText('3,000 lines').waitFor()
    const log = page.getByRole('log', { name: 'Log' })
    await log.getByText('line 1 of many', { exact: true }).waitFor()
    expect(await log.getByRole('button').count()).toBeLessThan(200)
    await log.evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await log.getByText('line 3000 of many', { exact: true }).waitFor()
    await page.keyboard.press('ArrowDown')
    await step('colours').click()
    await expect
      .poll(() => log.getByText('red', { exact: true }).getAttribute('style'))
      .toContain('light-dark(')
  })

  longTest('searches a log, and opens a link to a line', async () => {
    await load('/runs/1?step=count')
    await page.getByText('3,000 lines').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('line 2777 of')
    await page.keyboard.press('Enter')
    await page.getByText('1 of 1').waitFor()
    await page.locator('#L2777').waitFor()
    await open('/runs/1?step=count&line=1500')
    await page.locator('#L1500').waitFor()
  })

  longTest('shows the times of a log, and saves it as a file', async () => {
    await load('/runs/1?step=count')
    await page.getByText('3,000 lines').waitFor()
    const time = page.getByText(/^\d\d:\d\d:\d\d\.\d{3}$/)
    expect(await time.count()).toBe(0)
    await page.keyboard.press('t')
    await time.first().waitFor()
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the log' }).click(),
    ])
    expect(file.suggestedFilename()).toBe('run-1-count-1.log')
    const lines = readFileSync(await file.path(), 'utf8').split('\n')
    expect([lines.length, lines.at(-2)]).toEqual([
      3001,
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z line 3000 of many$/),
    ])
    await page.keyboard.press('t')
  })

  longTest('says what to do when a page cannot be loaded, and loads it again', async () => {
    await open('/')
    await heading('All is well').waitFor()
    await page.route('**/assets/events-page-*.js', (route) => route.abort())
    await page.keyboard.press('g')
    await page.keyboard.press('e')
    await heading('This page could not be loaded.').waitFor()
    await page.unroute('**/assets/events-page-*.js')
    await page.getByRole('button', { name: 'Reload' }).click()
    await heading('Events').waitFor()
  })

  test('navigates by keyboard shortcuts and the command palette', async () => {
    await open('/')
    await heading('All is well').waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await heading('Runs').waitFor()
    await page.getByRole('link', { name: 'Answer two' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await heading('Begin').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Go to' }).fill('shop prod')
    await page.keyboard.press('Enter')
    await heading('shop production').waitFor()
  })

  longTest(
    'the palette finds a run by its exact number, and a page of the documentation',
    async () => {
      await page.keyboard.press('Control+k')
      const palette = page.getByRole('combobox', { name: 'Go to' })
      const first = page.getByRole('option').first()
      await palette.fill('2')
      await first.getByText('2 shop: Answer two').waitFor()
      await palette.fill('gates')
      await first.getByText('Documentation').waitFor()
      await page.keyboard.press('Enter')
      await heading('Gates').waitFor()
      const contents = page.getByRole('navigation', { name: 'Documentation' })
      await contents.getByRole('link', { name: 'Errors' }).click()
      await heading('Errors').waitFor()
      expect(new URL(page.url()).pathname).toBe('/docs/errors')
    },
  )

  longTest('adds an app, connects it to a Git provider, and removes it', async () => {
    await open('/apps')
    await page.getByRole('button', { name: 'Add app' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add an app' })
    await dialog.getByLabel('Name').fill('blog')
    await dialog.getByLabel('Repository').selectOption('path')
    await dialog.getByLabel('Path on the server').fill('/nowhere')
    await dialog.getByRole('button', { name: 'Add app' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Repository').selectOption('hosted')
    await dialog.getByRole('button', { name: 'Add app' }).click()
    await heading('blog').waitFor()
    await open('/apps/blog/settings')
    const provider = page.getByRole('region', { name: 'Git provider' })
    await provider.getByRole('button', { name: 'Connect …' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Git provider').selectOption('forgejo')
    await form.getByLabel('Repository').fill('acme/blog')
    await form.getByLabel('Address of the API').fill('https://git.example.com')
    await form.getByLabel('Token or private key').fill('a-token-of-its-own')
    await form.getByRole('button', { name: 'Connect', exact: true }).click()
    await provider.getByText('acme/blog').waitFor()
    await provider.getByRole('button', { name: 'Disconnect …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect' }).click()
    await provider.getByRole('button', { name: 'Connect …' }).waitFor()
    await page.getByRole('button', { name: 'Remove …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stop and remove' }).click()
    await heading('Apps').waitFor()
    await page.getByRole('article', { name: 'blog' }).waitFor({ state: 'detached' })
  })

  longTest('searches events by text and time', async () => {
    await open('/events')
    await page.getByLabel('Search').fill('app.created')
    await page.getByText('registered the app shop').first().waitFor()
    await page.getByText('Answer two').first().waitFor({ state: 'detached' })
    await page.getByLabel('From').fill('2099-01-01')
    await page.getByText('No event matches these filters.').waitFor()
    await page.waitForURL(({ search }) => search === '?q=app.created&from=2099-01-01')
  })

  test('rolls back an environment after a confirmation', async () => {
    await open('/apps/shop/environments/production')
    await page.getByRole('button', { name: /^Roll back to / }).click()
    const dialog = page.getByRole('alertdialog', { name: 'Roll back production?' })
    expect(await dialog.textContent()).toMatch(/returns to release \d+, “Begin”/)
    await dialog.getByRole('button', { name: /^Roll back to / }).click()
    await page
      .getByRole('region', { name: 'Current release' })
      .getByRole('heading', { name: 'Begin' })
      .waitFor()
    await open('/')
    await page
      .getByRole('region', { name: 'Needs you' })
      .getByRole('link', { name: '“Answer two” was rolled back from production' })
      .waitFor()
    await page.getByRole('button', { name: /^Retry … / }).waitFor()
    // Of the two changes that reached production, one was rolled back.
    const figures = page.getByRole('region', { name: /^Production in the last/ })
    await figures.getByRole('link', { name: 'Change failures: 50 %' }).click()
    await page.getByRole('heading', { name: 'Delivery figures' }).waitFor()
    await page.getByText(/^recovered in /).waitFor()
    expect(await page.getByRole('link', { name: 'Answer two' }).count()).toBe(1)
    await page.getByText('1 deployment', { exact: true }).waitFor()
  })

  longTest('sets a variable and a secret, and never shows the value of the secret', async () => {
    await open('/apps/shop/environments/production')
    for (const [button, name] of [
      ['Set a variable', 'LOG_LEVEL'],
      ['Set a secret', 'API_KEY'],
    ] as const) {
      await page.getByRole('button', { name: button }).click()
      await page.getByLabel(/^Name/).fill(name)
      await page.getByLabel(/^Value/).fill('a-value-of-its-own')
      await page.getByRole('button', { name: 'Save and deploy' }).click()
      await page.getByRole('button', { name: `Change ${name}` }).waitFor()
    }
    const configuration = page.getByRole('region', { name: 'Configuration' })
    expect(await configuration.getByText('a-value-of-its-own').count()).toBe(1)
    await configuration.getByText('secret, never shown').waitFor()
    await open('/apps/shop/configuration')
    const values = page.getByRole('region', { name: 'Where values come from' })
    await values.getByRole('rowheader', { name: 'LOG_LEVEL' }).waitFor()
    expect(await values.getByText(/^version \d+ by .* ago|just now$/).count()).toBe(2)
    expect(await values.getByText('a-value-of-its-own').count()).toBe(1)
    const files = page.getByRole('region', { name: 'Configuration files' })
    await files.getByText('of web, from notes.liquid, text, mode 0644').waitFor()
    await files.getByText('Show notes.txt').click()
    await files.getByText('level a-value-of-its-own').waitFor()
  })

  longTest('shows a file that was changed on disk, and puts it right', async () => {
    const production = { app: 'shop', environment: 'production' }
    await waitFor('the secret is in force', async () => {
      const { configuration, pending } = await installation.client.getEnvironment({
        params: production,
      })
      const known = await installation.client.listConfigurations({ params: production })
      return pending.length === 0 && configuration === known.configurations[0]?.version
    })
    const { current } = await installation.client.getEnvironment({ params: production })
    const folder = join(installation.home, 'host/files/shop/production', `${current?.release}`)
    const file = join(folder, 'web/notes.txt')
    await waitFor('the file has the variable', async () =>
      readFileSync(file, 'utf8').includes('own'),
    )
    const declared = readFileSync(file, 'utf8')
    writeFileSync(file, declared.replace('red', 'blue'))
    await open('/apps/shop/environments/production')
    const drift = page.getByRole('region', { name: 'Drift' })
    await drift.getByRole('button', { name: 'Compare' }).click()
    await drift.getByText('1 difference from what is declared').waitFor()
    await drift.getByText('The next restart changes what runs.').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await drift.getByRole('button', { name: 'Take over …' }).click()
    await page.getByRole('dialog').getByText('+colour blue').waitFor()
    await page.keyboard.press('Escape')
    await drift.getByRole('button', { name: 'Put right …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Put right' }).click()
    await waitFor('the file is as declared', async () => readFileSync(file, 'utf8') === declared)
    await drift.getByText('Everything is as declared').waitFor()
  })

  longTest('sets a secret before the first delivery', async () => {
    await installation.client.createApp({ body: { name: 'early' } })
    await open('/apps/early/configuration')
    await page.getByLabel('Another environment').fill('staging')
    await page.getByRole('button', { name: 'Choose' }).click()
    await page.getByRole('button', { name: 'staging', pressed: true }).waitFor()
    await page.getByRole('button', { name: 'Set a secret' }).click()
    await page.getByLabel(/^Name/).fill('DATABASE_URL')
    await page.getByLabel(/^Value/).fill('postgres://early')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Change DATABASE_URL' }).waitFor()
    // The page finds it again.
    await open('/apps/early/configuration')
    await page.getByRole('button', { name: 'staging', pressed: true }).waitFor()
    await page.getByRole('button', { name: 'Change DATABASE_URL' }).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await installation.client.deleteApp({ params: { app: 'early' } })
  })

  longTest('shows the output of a failed deployment on its run and environment', async () => {
    const crash = "throw new TypeError('no ledger')"
    await repository.commit({ 'server.js': crash }, 'Crash at start')
    await push(installation, 'shop', repository)
    const { runs } = await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })
    await endedRun(installation, runs[0]?.id ?? 0)
    for (const path of [
      `/runs/${runs[0]?.id}?environment=production`,
      '/apps/shop/environments/production',
    ]) {
      await open(path)
      const output = page.getByRole('region', { name: 'Output of the failed deployment' })
      await output.getByText('First error of web 0: TypeError: no ledger').waitFor()
      await output
        .getByText(/at Object\.<anonymous>/)
        .first()
        .waitFor()
    }
  })

  longTest('follows the theme of the system, and the selected one', async () => {
    const background = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    await open('/')
    const light = await background()
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await background()
    expect(dark).not.toBe(light)
    await page.getByRole('button', { name: 'Account and settings' }).click()
    await page.getByRole('menuitemradio', { name: 'Light' }).click()
    expect(await background()).toBe(light)
    await page.reload()
    expect(await background()).toBe(light)
    await page.emulateMedia({ colorScheme: 'light' })
  })

  test('acknowledges, silences and resolves an alert', async () => {
    const alert = await openAlert(installation, { app: 'shop', environment: 'production' })
    await open('/alerts?app=shop&state=open')
    await page.locator(`a[href="/alerts/${alert}"]`).click()
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByText('Alerts').waitFor()
    // An earlier alert about the app takes the monitor in.
    const { title } = await installation.client.getAlert({ params: { alert } })
    await heading(title).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    const confirm = async (button: string, verb: string): Promise<void> => {
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: verb, exact: true }).click()
      await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    }
    await confirm('Acknowledge …', 'Take it on')
    await page.getByText(/admin has it until/).waitFor()
    await confirm('Silence …', 'Silence')
    expect((await installation.client.listSilences({ query: {} })).silences).toMatchObject([
      { app: 'shop', environment: 'production', actor: 'admin' },
    ])
    await confirm('Resolve …', 'Resolve')
    await page.getByText('Resolved', { exact: true }).first().waitFor()
    expect(await page.getByRole('button', { name: 'Resolve …' }).count()).toBe(0)
    await open('/alerts?app=shop')
    await page.getByRole('region', { name: 'Noise' }).waitFor()
    const silences = page.getByRole('region', { name: 'Silences' })
    await silences.getByRole('button', { name: 'Create silence …' }).click()
    const form = page.getByRole('dialog', { name: 'Create silence' })
    await form.getByLabel('Service').fill('web')
    await form.getByLabel('From').fill('2099-01-01T10:00')
    await form.getByLabel('Reason').fill('new switches')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.waitFor({ state: 'detached' })
    await silences.getByText('new switches').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    for (const place of ['production · shop', 'web · shop']) {
      await silences.getByRole('listitem').filter({ hasText: place }).getByText('End …').click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'End silence' }).click()
      await silences.getByText(place).waitFor({ state: 'detached' })
    }
  })

  longTest('swaps shifts, imports a calendar, and edits a team', async () => {
    const { client } = installation
    for (const name of ['Ida', 'Jan']) await client.createUser({ body: { name } })
    const layers = [{ people: ['Ida', 'Jan'], start: '2026-01-05T09:00' }]
    await client.putRota({ params: { rota: 'nights' }, body: { zone: 'UTC', layers } })
    await open('/on-call')
    await page.getByRole('button', { name: 'Swap …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Swap' }).click()
    const overrides = page.getByRole('list', { name: 'Overrides of nights' })
    await overrides
      .getByText('Ida and Jan swap')
      .or(overrides.getByText('Jan and Ida swap'))
      .first()
      .waitFor()
    const weeks = page.getByRole('navigation', { name: 'Weeks of the calendar of nights' })
    const shown = await weeks.getByText(/ to /).textContent()
    await weeks.getByRole('button', { name: 'Later' }).press('Enter')
    await weeks.getByText(shown ?? '').waitFor({ state: 'detached' })
    await weeks.getByRole('button', { name: 'Today' }).press('Enter')
    await weeks.getByText(shown ?? '').waitFor()
    await page.getByRole('button', { name: 'Import …' }).click()
    const calendar = [
      ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:1', 'SUMMARY:Nobody known'],
      ...['DTSTART:20991201T000000Z', 'DTEND:20991202T000000Z', 'END:VEVENT', 'END:VCALENDAR'],
    ]
    const file = { name: 'on-call.ics', mimeType: 'text/calendar' }
    const dialog = page.getByRole('dialog')
    const buffer = Buffer.from(calendar.join('\r\n'))
    await dialog.getByLabel('iCalendar file').setInputFiles({ ...file, buffer })
    await dialog.getByRole('button', { name: 'Import' }).click()
    await dialog.getByText('0 entries are now overrides.').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('button', { name: 'Create team …' }).click()
    await dialog.getByLabel('Name').fill('payments')
    await dialog.getByLabel('Step 1: who is notified').fill('rota:nights, person:Ida')
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Step 1: rota:nights, person:Ida, for 5 min').waitFor()
    expect((await client.listTeams()).teams).toMatchObject([{ name: 'payments', suspects: 5 }])
  })

  longTest('warns while the server is unreachable, and recovers', async () => {
    const isLive = page.getByRole('banner').getByText('Live', { exact: true })
    await open('/')
    await isLive.waitFor()
    await page.getByRole('article', { name: 'shop' }).waitFor()
    await installation.killServer()
    await page.getByText(/data may be out of date/).waitFor()
    await page.getByRole('article', { name: 'shop' }).waitFor()
    await installation.start()
    await isLive.waitFor()
  })

  longTest('signs out and in again in all tabs', async () => {
    const other = await context.newPage()
    await other.goto(page.url())
    await other.getByText('Live', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Account and settings' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    for (const tab of [page, other]) await tab.waitForURL(/\/sign-in/)
    expect(await other.evaluate('localStorage.getItem("fairlead-session-key")')).toBeNull()
    await signIn(installation, page)
    for (const tab of [page, other]) await tab.getByText('Live', { exact: true }).waitFor()
    await other.close()
  })

  test('one press turns a switch off, and a dialog turns it on', async () => {
    await open('/apps/shop/environments/production')
    const switches = page.getByRole('region', { name: 'Switches' })
    await switches.getByText('serves on').waitFor()
    await switches.getByRole('button', { name: 'Turn off mail' }).click()
    await switches.getByText('serves off').waitFor()
    await switches.getByText(/^Set by /).waitFor()
    await switches.getByRole('button', { name: 'Turn on mail' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Turn on' }).click()
    await switches.getByText('serves on').waitFor()
    await switches.getByRole('button', { name: 'Set mail' }).click()
    await page.getByLabel('Value').selectOption('off')
    await page.getByLabel('Percent of the targeting keys').fill('10')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await switches.getByText('off for 10 %, else on').waitFor()
  })

  longTest('a job is run, and its page shows the output and the exit code', async () => {
    await open('/apps/shop/jobs')
    await page.getByText('No job or command has run yet.').waitFor()
    await page.getByRole('button', { name: 'Run report in production' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL((url) => url.pathname === '/apps/shop/job-runs/1')
    await page.getByText('It exited with 3.', { exact: true }).waitFor()
    await page.getByRole('log', { name: 'Output' }).getByText('red').waitFor()
    expect(await page.getByText('Requested by').count()).toBe(1)
    await page.getByRole('link', { name: 'All jobs of shop' }).click()
    const runs = page.getByRole('region', { name: 'Runs' })
    await runs.getByRole('link', { name: 'report' }).waitFor()
    await runs.getByText('Failed', { exact: true }).waitFor()
  })

  longTest('says why an experiment would not run, shows the run, and stops all', async () => {
    await open('/apps/shop/experiments')
    const experiments = page.getByRole('region', { name: 'Experiments', exact: true })
    await experiments.getByText('Never ran').waitFor()
    await experiments.getByRole('button', { name: 'Run frozen-web in production' }).click()
    const dialog = page.getByRole('dialog', { name: 'Run frozen-web in production?' })
    await dialog.getByText('The fault pause hits 1 of 1 instance of web.').waitFor()
    await dialog.getByText('Nobody is on call for web.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Run', exact: true }).isDisabled()).toBe(true)
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    const { id } = await installation.client.runExperiment({
      params: { app: 'shop', environment: 'production', experiment: 'frozen-web' },
    })
    await open(`/apps/shop/experiment-runs/${id}`)
    await page
      .getByRole('region', { name: 'Why it did not run' })
      .getByText('Nobody is on call for web.')
      .waitFor()
    await page.getByRole('link', { name: 'All experiments of shop' }).click()
    await page.getByRole('button', { name: 'Stop all …' }).click()
    const stop = page.getByRole('alertdialog', { name: 'Stop all experiments?' })
    await stop.getByLabel('Reason').fill('the sale begins')
    await stop.getByRole('button', { name: 'Stop all', exact: true }).click()
    await page.getByText('admin stopped all experiments: the sale begins').waitFor()
    await page.getByRole('button', { name: 'Allow …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Allow', exact: true }).click()
    await page.getByText('admin stopped all experiments').waitFor({ state: 'detached' })
  })

  test('an incident offers to turn a switch off, and records that it was', async () => {
    const { id } = await installation.client.openIncident({
      params: { app: 'shop' },
      body: { title: 'Mail is sent twice', environment: 'production' },
    })
    await open(`/incidents/${id}`)
    await page.getByRole('button', { name: 'Turn off mail …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Turn off' }).click()
    const timeline = page.getByRole('region', { name: 'Timeline' })
    await timeline.getByText(/mail/).first().waitFor()
    await waitFor('it is mitigated', async () => {
      const found = await installation.client.getIncident({ params: { incident: id } })
      return found.mitigated !== null
    })
    await installation.client.closeIncident({ params: { incident: id }, body: {} })
  })

  longTest('two incidents with one cause are merged', async () => {
    const openFor = (service: string) =>
      installation.client.openIncident({
        params: { app: 'shop' },
        body: { title: `${service} fails`, environment: 'production', service },
      })
    const { id } = await openFor('web')
    const other = await openFor('worker')
    await open(`/incidents/${id}`)
    await page.getByRole('button', { name: 'Merge …' }).click()
    await page.getByRole('combobox', { name: 'Incident' }).selectOption(String(other.id))
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Merge', exact: true }).click()
    await page.getByRole('link', { name: `incident ${other.id}`, exact: true }).click()
    await page.getByRole('link', { name: `incident ${id}`, exact: true }).waitFor()
    await installation.client.closeIncident({ params: { incident: id }, body: {} })
  })

  test('a review is begun, written and published, and its text runs nothing', async () => {
    const { id } = await installation.client.openIncident({
      params: { app: 'shop' },
      body: { title: 'Cards fail', environment: 'production' },
    })
    await open(`/incidents/${id}`)
    await page.getByRole('button', { name: 'Begin …' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Begin' }).click()
    await page.waitForURL((url) => url.pathname === `/incidents/${id}/review`)
    const luck = page.getByRole('region', { name: 'Luck' })
    await luck.getByRole('button', { name: 'Edit … Luck' }).click()
    const text = '**Monday** <img src=x onerror="document.title=1"> [here](javascript:x)'
    await page.getByRole('textbox', { name: /^What went well only by luck/ }).fill(text)
    await page.getByRole('button', { name: 'Save' }).click()
    await luck.locator('strong', { hasText: 'Monday' }).waitFor()
    expect(await luck.locator('img, a').count()).toBe(0)
    await page.getByRole('button', { name: 'Add action …' }).click()
    await page.getByLabel('What is to be done').fill('Test the cards')
    await page.getByLabel('Last day').fill('2020-01-01')
    await page.getByLabel('Name', { exact: true }).fill('charges once')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText(/overdue since 2020-01-01/).waitFor()
    await page.getByRole('button', { name: 'Publish …' }).click()
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await page.getByText('Inside', { exact: true }).waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await accessibilityProblems(page)).toEqual([])
    await installation.client.closeIncident({ params: { incident: id }, body: {} })
  })

  test('the navigation has two levels, on a phone at the bottom and below the header', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open('/runs')
    const main = page.getByRole('navigation', { name: 'Main' })
    await main.getByRole('link', { name: 'Settings' }).click()
    await heading('Tokens').waitFor()
    const settings = page.getByRole('navigation', { name: 'Settings' })
    await settings.getByRole('link', { name: 'Sessions' }).click()
    await heading('Sessions').waitFor()
    await page.setViewportSize({ width: 1280, height: 900 })
    await main.getByRole('list', { name: 'Settings' }).getByRole('link', { name: 'Users' }).click()
    await heading('Users').waitFor()
    await main.getByRole('link', { name: 'Apps' }).click()
    await heading('Apps').waitFor()
    await page.getByRole('article', { name: 'shop' }).getByRole('link').first().click()
    await heading('shop').waitFor()
    const tabs = page.getByRole('navigation', { name: 'Pages of shop' })
    await tabs.getByRole('link', { name: 'Environments' }).click()
    await page.getByRole('link', { name: 'production', exact: true }).waitFor()
    await tabs.getByRole('link', { name: 'Configuration' }).click()
    await page.getByRole('region', { name: 'Configuration files' }).waitFor()
    await tabs.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('region', { name: 'Removal' }).waitFor()
    await tabs.getByRole('link', { name: 'Runs' }).click()
    await page.getByRole('link', { name: 'Begin' }).waitFor()
    expect(await main.getByRole('link', { name: 'Apps' }).getAttribute('aria-current')).toBe('page')
  })

  test.each(isLong ? pages : representative)(
    'fits a phone, and axe finds nothing wrong: %s',
    async (path) => {
      await page.setViewportSize({ width: 390, height: 844 })
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
      await load(path)
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      expect(await page.evaluate(widthOfDocument)).toBe(390)
      expect(await accessibilityProblems(page)).toEqual([])
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
      expect(await accessibilityProblems(page)).toEqual([])
    },
  )

  test('causes no page errors and no content security policy violations', () => {
    expect(problems).toEqual([])
  })
})
