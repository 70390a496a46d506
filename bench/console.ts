import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import type { Home } from '#contract/home/home.ts'
import { createLogger } from '#platform/log.ts'
import { startPostgres } from '#platform/postgres/embedded.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { raw, sql } from '#platform/postgres/sql.ts'
import { launchBrowser, signIn } from '../test/support/browser.ts'
import { endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, tinyServer } from '../test/support/repository.ts'
import { buildConsoleIfChanged } from '../tools/build-console.ts'
import { median, milliseconds, timed } from './measure.ts'

const apps = 500
const rounds = 5
const lines = 10_000

/** The home page and the list of 500 apps, and a change of 10,000 lines, in a browser. */
export async function run(): Promise<void> {
  await buildConsoleIfChanged()
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /}}\n' +
      'environments: {dev: {}, staging: {}, production: {}}\n',
  })
  const browser = await launchBrowser()
  try {
    const deliver = async (): Promise<number> => {
      await push(installation, 'shop', repository)
      const { runs } = await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })
      await endedRun(installation, runs[0]!.id)
      return runs[0]!.id
    }
    await deliver()
    const home = multiplied(await installation.client.getHome())
    const text = Array.from({ length: lines }, (_, n) => `const value${n} = ${n}\n`).join('')
    await repository.commit({ 'values.js': text })
    const change = await deliver()
    await measurePages(browser, installation, { home, change })
    await fill(installation)
    await measureServer(installation)
  } finally {
    await browser.close()
    await installation.stop()
    await repository.remove()
  }
}

/** The answer for one app as if there were many. */
const multiplied = (home: Home): Home => ({
  ...home,
  apps: Array.from({ length: apps }, (_, n) =>
    home.apps.map((app) => ({ ...app, name: `${app.name}-${String(n).padStart(3, '0')}` })),
  ).flat(),
})

interface Figures {
  first: number
  longest: number
  scripts: number
}

async function measurePages(
  browser: Browser,
  installation: Installation,
  { home, change }: { home: Home; change: number },
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await signIn(installation, page)
  const base = `http://localhost:${installation.port}`
  await page.route('**/api/v1/home', (route) => route.fulfill({ json: home }))
  await page.addInitScript(() => {
    const tasks: number[] = []
    Object.assign(globalThis, { tasks })
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map((one) => one.duration)),
    ).observe({ type: 'longtask', buffered: true })
  })
  const open = async (path: string, selector: string): Promise<Figures> => {
    await page.goto(`${base}${path}`)
    await page.locator(selector).first().waitFor()
    const first = await page.evaluate(() => performance.now())
    await page.waitForTimeout(500)
    return { first, ...(await tasksOf(page)) }
  }
  const pages = { [`home, ${apps} apps`]: '/', [`apps, ${apps} apps`]: '/apps' }
  console.log(`in a browser with an empty cache of code, medians of ${rounds}`)
  for (const [name, path] of Object.entries(pages)) await print(name, () => open(path, 'article'))
  await print(`a change of ${lines} lines`, async () => {
    await open(`/runs/${change}/change`, 'h1')
    await page.getByText('values.js', { exact: true }).click()
    const took = await timed(async () => {
      await page.getByRole('button', { name: 'Show the diff' }).click()
      await page.getByText('const value0 = 0').waitFor()
    })
    await page.waitForTimeout(500)
    return { ...(await tasksOf(page)), first: took }
  })
  await page.close()
}

const tasksOf = (page: Page): Promise<Omit<Figures, 'first'>> =>
  page.evaluate(() => ({
    longest: Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks),
    scripts: (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, { transferSize }) => sum + transferSize, 0),
  }))

async function print(name: string, measure: () => Promise<Figures>): Promise<void> {
  const all: Figures[] = []
  for (let i = 0; i < rounds; i += 1) all.push(await measure())
  const of = (key: keyof Figures): number => median(all.map((one) => one[key]))
  console.log(
    `  ${name.padEnd(28)} first row after ${milliseconds(of('first'))}, ` +
      `longest task ${milliseconds(of('longest'))}` +
      (all[0] && all[0].scripts > 0
        ? `, scripts ${Math.round(Math.max(...all.map(({ scripts }) => scripts)) / 1024)} KB`
        : ''),
  )
}

/** Copies the rows of the app, so that the database has many. */
async function fill(installation: Installation): Promise<void> {
  const server = await startPostgres({
    folder: join(installation.home, 'postgres'),
    log: createLogger(() => undefined),
  })
  const db = await openDatabase({ connection: server.connection, statementTimeout: 120_000 })
  const copy = (table: string, changes: string): Promise<unknown> =>
    db.query(
      raw(`insert into ${table} select (jsonb_populate_record(null::${table},
        to_jsonb(t) || jsonb_build_object(${changes}))).*
        from ${table} t, generate_series(1, ${apps - 1}) n
        where t.${table === 'app' ? 'name' : 'app'} = 'shop'`),
    )
  const app = `'app', 'shop-' || n`
  await copy('app', `'name', 'shop-' || n`)
  await copy('change', app)
  await copy('pipeline_run', `${app}, 'id', t.id + n * 1000`)
  await copy('release', `${app}, 'id', t.id + n * 1000, 'run', t.run + n * 1000`)
  await copy(
    'deployment',
    `${app}, 'id', t.id + n * 1000, 'run', t.run + n * 1000, 'release', t.release + n * 1000`,
  )
  await copy('environment', `${app}, 'port', null`)
  await db.query(sql`analyze`)
  await db.close()
  await server.stop()
}

async function measureServer({ client }: Installation): Promise<void> {
  const home = await client.getHome()
  const times: number[] = []
  for (let i = 0; i < rounds; i += 1) times.push(await timed(() => client.getHome()))
  const text = JSON.stringify(home)
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1024)} KB`
  console.log(
    `the answer for the home page with ${home.apps.length} apps: ${milliseconds(median(times))}, ` +
      `${kilobytes(text.length)}, ${kilobytes(brotliCompressSync(text).length)} with brotli`,
  )
}
