import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, signIn } from '../support/browser.ts'
import { endedRun, push } from '../support/app.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import { requires } from '../support/programs.ts'
import { isLong, longTest } from '../support/scale.ts'

/** The number of tests in a large suite. */
const many = isLong ? 10_000 : 1000
const manyText = many.toLocaleString('en-US')

const pipeline = `
steps:
  test: {run: sh test.sh, reports: ['*.xml', lcov.info, scan.sarif, bench.json]}
gates:
  coverage: coverage.changed >= 80
  findings: '!findings.exists(f, f.isNew && f.level == "error")'
  speed: measurements["checkout"].worse <= 5.0
services:
  web:
    run: exec node -e 'require("http").createServer((_, a) => a.end()).listen(process.env.PORT)'
    health: /
environments: {production: {}}
`
const finding = {
  ruleId: 'sql',
  level: 'error',
  message: { text: 'A query is built from text' },
  locations: [
    { physicalLocation: { artifactLocation: { uri: 'cart.js' }, region: { startLine: 3 } } },
  ],
}
const scanOf = (bad: boolean) => ({
  tool: { driver: { name: 'scan' } },
  results: bad ? [finding] : [],
})
const benchmarkOf = (bad: boolean) => ({
  command: 'checkout',
  mean: bad ? 0.15 : 0.1,
  times: bad ? [0.149, 0.15, 0.151] : [0.099, 0.1, 0.101],
})
const goodCart = `export function pay(db, who) {
  const all = db.all()
  return all.filter((one) => one.who === who)
}
`
const badCart = `export function pay(db, who) {
  const text = 'select * from payment where who = '
  return db.query(text + who)
}
`
const script = (bad: boolean): string => `
awk 'BEGIN {
  print "<testsuite name=\\"cart\\">"
  for (i = 0; i < ${many}; i++)
    printf "<testcase classname=\\"cart\\" name=\\"adds %d\\" time=\\"0.01\\"/>", i
  print "</testsuite>"
}' > tests.xml
printf 'SF:cart.js\\nDA:2,1\\nDA:3,${bad ? 0 : 1}\\nDA:4,1\\nend_of_record\\n' > lcov.info
cat > scan.sarif <<'X'
${JSON.stringify({ version: '2.1.0', runs: [scanOf(bad)] })}
X
cat > bench.json <<'X'
${JSON.stringify({ results: [benchmarkOf(bad)] })}
X
`

describe('the change page', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  let repository: Repository
  const problems: string[] = []

  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({
      'fairlead.yaml': pipeline,
      'test.sh': script(false),
      'cart.js': goodCart,
    })
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
    await repository?.remove()
  })
  const open = async (run: number): Promise<void> => {
    await page.goto(`http://localhost:${installation.port}/runs/${run}`)
    await page.getByRole('link', { name: 'Change report' }).click()
    await page.getByRole('heading', { level: 2, name: 'Change report' }).waitFor()
  }

  test('reports a first change, and what has no baseline yet', async () => {
    await open(1)
    await page.getByText(`3 have no baseline yet; ${manyText} tests pass.`).waitFor()
    await page
      .getByText('There is no successful release in production to compare with yet')
      .waitFor()
    await page.getByRole('region', { name: 'Evidence' }).getByText('Build provenance').waitFor()
  })

  test('shows the problems of a change down to the line, beside thousands of tests', async () => {
    await repository.commit({
      'test.sh': script(true),
      'cart.js': badCart,
    })
    await push(installation, 'shop', repository)
    await endedRun(installation, 2)
    await open(2)
    await page.getByText('Stopped by coverage, findings, speed.').waitFor()
    const gates = page.getByRole('region', { name: 'Gates' })
    await gates.getByText('coverage.changed is 50, which is not >= 80: 30 below it').waitFor()
    await gates
      .getByText('1 of 1 findings: cart.js:3 A query is built from text (scan sql)')
      .waitFor()
    const diff = page.getByRole('table', { name: 'Diff of cart.js' })
    const missed = diff.getByRole('row').filter({ has: page.getByTitle('Not covered by any test') })
    expect(await missed.allInnerTexts()).toEqual([
      expect.stringContaining('return db.query(text + who)'),
    ])
    await diff.getByText('A query is built from text').waitFor()
    await page.getByRole('region', { name: 'Performance' }).getByText('50.0 % worse').waitFor()
    await page.getByText('No artifact was built, so there is nothing to sign.').waitFor()
  })

  test('shows trends that the keyboard can read, and what is unknown', async () => {
    await page.goto(`http://localhost:${installation.port}/apps/shop`)
    await page.getByRole('link', { name: 'Insights' }).click()
    const chart = (name: string) => page.getByRole('region', { name, exact: true })
    await chart('Line coverage').getByText('all lines').first().waitFor()
    await chart('Findings')
      .getByText(
        'errors 1, 1 more than in the first run; warnings 0, unchanged since the first run.',
      )
      .waitFor()
    await chart('Findings').getByRole('slider').press('Home')
    await chart('Findings')
      .getByText(/^Run 1, .*: errors 0, warnings 0/)
      .waitFor()
    await chart('Tests').getByRole('button', { name: 'Show numbers: Tests' }).click()
    await chart('Tests')
      .getByRole('row', { name: `2 (failed) ${manyText} 0` })
      .waitFor()
    await installation.client.createApp({ body: { name: 'empty' } })
    await page.goto(`http://localhost:${installation.port}/apps/empty/trends`)
    await page.getByText('No run has any numbers yet.').waitFor()
    expect(problems).toEqual([])
  })

  longTest('opens a long diff, and shows a failed run in the trends', async () => {
    const long = Array.from({ length: 2500 }, (_, n) => `line ${n}`).join('\n')
    await repository.commit({ 'long.txt': long, 'test.sh': `${script(false)}\nexit 3\n` })
    await push(installation, 'shop', repository)
    await endedRun(installation, 3)
    await open(3)
    await page.getByText('long.txt', { exact: true }).click()
    await page.getByRole('button', { name: 'Show the diff' }).click()
    const diff = page.getByRole('table', { name: 'Diff of long.txt' })
    await diff.getByText('line 0', { exact: true }).waitFor()
    expect(await diff.getByText('line 2499').count()).toBe(0)
    // The rest is rendered when the reader comes near it.
    await expect
      .poll(
        async () => {
          await page.mouse.wheel(0, 60_000)
          return diff.getByText('line 2499').count()
        },
        { timeout: 20_000 },
      )
      .toBe(1)
    await expect
      .poll(async () => {
        const query = { limit: 10 }
        const { runs } = await installation.client.listTrends({ params: { app: 'shop' }, query })
        return runs.map(({ run, state, numbers }) => [run, state, numbers.tests?.total])
      })
      .toEqual([...[[1, 'succeeded', many]], ...[[2, 'failed', many]], ...[[3, 'failed', many]]])
    await page.goto(`http://localhost:${installation.port}/apps/shop/trends`)
    await page.getByText(new RegExp(`^Run 3, failed, .*: total ${manyText}, failed 0$`)).waitFor()
  })

  test('waives a gate for a stated reason', async () => {
    await open(2)
    const gates = page.getByRole('region', { name: 'Gates' })
    await gates.getByRole('button', { name: 'Waive … coverage' }).click()
    const dialog = page.getByRole('dialog', { name: 'Waive the gate coverage' })
    await dialog.getByLabel('Reason').fill('The report misses a line')
    await dialog.getByLabel('Days').fill('3')
    await dialog.getByRole('button', { name: 'Waive', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    const { waivers } = await installation.client.listWaivers({ params: { app: 'shop' } })
    expect(waivers).toMatchObject([
      { kind: 'gate', subject: 'coverage', reason: 'The report misses a line' },
    ])
  })

  test('fits a phone with the dark theme, and causes no page errors', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 360, height: 740 })
    for (const path of ['runs/2/change', 'apps/shop/trends']) {
      await page.goto(`http://localhost:${installation.port}/${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        360,
      )
    }
    expect(problems).toEqual([])
  })

  test('reports an unknown run', async () => {
    await page.goto(`http://localhost:${installation.port}/runs/99/change`)
    await page.getByRole('alert').waitFor()
  })
})
