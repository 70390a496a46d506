import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityProblems, launchBrowser, signIn } from '../support/browser.ts'
import { canariesOf, file, server } from '../support/canary.ts'
import { endedRun, push } from '../support/app.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { waitFor } from '../support/wait.ts'
import { requires } from '../support/programs.ts'
import { longTest } from '../support/scale.ts'

/** Hues of the saturated pixels of a canvas; runs in the page. */
function coloursOf(element: Element): string[] {
  const canvas = element as HTMLCanvasElement
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
  const found = new Set<string>()
  for (let i = 0; i < data.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(i, i + 4)
    if (alpha < 200) continue
    if (blue > red + 80 && blue > green + 60) found.add('blue')
    if (red > blue + 80 && red > green + 80) found.add('red')
  }
  return [...found]
}

describe('the page of a canary analysis', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  const problems: string[] = []
  const { live, deliver, isCanary, verdictOf, load, remove } = canariesOf(() => installation)

  beforeAll(async () => {
    installation = await startInstallation()
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
    await remove()
  })

  const openVerdict = async (run: number): Promise<void> => {
    await waitFor('the canary to start', () => isCanary(run))
    const { deployment } = await verdictOf(run)
    await page.goto(`http://localhost:${installation.port}/deployments/${deployment}/canary`)
    await page.getByRole('heading', { level: 1, name: /^Canary/ }).waitFor()
  }

  /** Charts are drawn in colours of the theme, and the keyboard reads any point of all in sync. */
  const expectReadable = async (onPage: Page): Promise<void> => {
    const point = onPage.getByRole('slider', { name: /^Data point of Error rate/ })
    const other = onPage.getByRole('slider', { name: 'Data point of Evidence of harm' })
    await point.focus()
    const last = await point.getAttribute('aria-valuenow')
    await onPage.keyboard.press('Home')
    await expect.poll(() => point.getAttribute('aria-valuenow')).toBe('1')
    expect(last).not.toBe('1')
    expect(await point.getAttribute('aria-valuetext')).toMatch(/^After .*: .*confidence interval/)
    expect(await other.getAttribute('aria-valuetext')).toMatch(/^After .*: evidence /)
    const canvas = onPage.getByRole('img', { name: /harmless canaries reaches the alarm level/ })
    expect(await canvas.evaluate(coloursOf)).toEqual(expect.arrayContaining(['blue', 'red']))
  }

  longTest(
    'shows a canary without requests as unknown, updates live, and promotes it',
    async () => {
      const metrics = 'metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}}'
      const repository = await live('watched', `steps: [50], least: 600s, most: 3600s, ${metrics}`)
      const run = await deliver('watched', repository, server('2'))
      await openVerdict(run)
      const verdict = page.getByRole('region', { name: 'Result' })
      await verdict.getByText('Not enough data yet').waitFor()
      await verdict.getByText('no readings of `jobs` yet').waitFor()
      await page.getByText('No requests have arrived yet.').first().waitFor()
      await page.getByRole('region', { name: 'App metrics' }).getByText('Unknown').first().waitFor()
      const traffic = load('watched')
      const count = async (): Promise<number> => {
        const text = await page.getByRole('region', { name: 'Requests and errors' }).innerText()
        return Number(/of ([\d,]+) failed/.exec(text)?.[1]?.replaceAll(',', '') ?? 0)
      }
      await expect.poll(count).toBeGreaterThan(50)
      const before = await count()
      await expect.poll(count).toBeGreaterThan(before)
      await traffic.stop()
      await page.getByText('No request has failed on either release.').waitFor()
      await page.getByRole('button', { name: 'Promote now' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Promote now' }).click()
      await page.getByText('Promoted', { exact: true }).first().waitFor()
      expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
    },
  )

  longTest('shows harm and its reason, and fits a phone with the dark theme', async () => {
    const repository = await live('harmful', 'steps: [50], least: 600s, most: 3600s')
    const run = await deliver('harmful', repository, server('2', 3))
    await openVerdict(run)
    const traffic = load('harmful')
    const verdict = page.getByRole('region', { name: 'Result' })
    await verdict.getByText('Harmful').waitFor()
    await verdict
      .getByText(/^The canary fails .*: [\d,]+ of [\d,]+ requests on the canary failed/)
      .waitFor()
    await traffic.stop()
    await page.getByText('Rolled back', { exact: true }).first().waitFor()
    await expectReadable(page)
    expect(await accessibilityProblems(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 360, height: 740 })
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBeLessThanOrEqual(360)
    expect(problems).toEqual([])
  })

  longTest('the home page promotes, rolls back and approves what waits for a person', async () => {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1440, height: 900 })
    const hold = 'steps: [50], least: 1s, most: 1s, undecided: hold'
    const runs: number[] = []
    for (const app of ['better', 'worse'])
      runs.push(await deliver(app, await live(app, hold), server('2')))
    const [better = 0, worse = 0] = runs
    const asked = await live('asked', hold)
    await asked.commit({ 'fairlead.yaml': file(hold, ', approve: {by: [admin], count: 1}') })
    await push(installation, 'asked', asked)
    await page.goto(`http://localhost:${installation.port}/`)
    const needs = page.getByRole('region', { name: 'Needs you' })
    const confirm = async (verb: string, title: RegExp): Promise<void> => {
      await needs.getByRole('button', { name: title }).click()
      const dialog = page.getByRole('alertdialog', { name: `${verb}?` })
      await dialog.getByRole('button', { name: verb, exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
    }
    const row = (app: string) => needs.getByRole('listitem').filter({ hasText: app })
    await row('worse')
      .getByRole('button', { name: /^Roll back … / })
      .waitFor()
    await row('better')
      .getByRole('button', { name: /^Promote … / })
      .waitFor()
    await row('worse')
      .getByRole('button', { name: /^Roll back … / })
      .click()
    const dialog = page.getByRole('alertdialog', { name: 'Roll back?' })
    await dialog.getByText('worse: ').waitFor()
    await dialog.getByRole('button', { name: 'Roll back', exact: true }).click()
    await row('better')
      .getByRole('button', { name: /^Promote … / })
      .click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Promote' }).click()
    await confirm('Approve', /^Approve … /)
    expect(await endedRun(installation, worse)).toMatchObject({ state: 'cancelled' })
    expect(await endedRun(installation, better)).toMatchObject({ state: 'succeeded' })
    await expect
      .poll(async () => {
        const { runs: all } = await installation.client.listRuns({ query: { app: 'asked' } })
        const { deployments } = await installation.client.getRun({ params: { run: all[0]!.id } })
        const id = deployments[0]?.deployment?.id ?? 0
        return (await installation.client.getPermission({ params: { deployment: id } })).decisions
      })
      .toMatchObject([{ kind: 'approve', actor: 'admin' }])
    expect(problems).toEqual([])
  })

  test('reports a deployment without a canary', async () => {
    await page.goto(`http://localhost:${installation.port}/deployments/1/canary`)
    await page
      .getByText(/no canary|not found|There is no/i)
      .first()
      .waitFor()
  })
})
