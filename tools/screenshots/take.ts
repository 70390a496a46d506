import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { accessibilityProblems, signIn } from '../../test/support/browser.ts'
import type { Repository } from '../../test/support/repository.ts'
import { startInstallation } from '../../test/support/installation.ts'
import { record, storedNames, visit, writeExpected } from './recording.ts'
import { seed, type Shot } from './seed.ts'
import type { Gallery } from './views.ts'

const widths = [390, 1440, 2560]
const themes = ['light', 'dark'] as const

interface Options {
  browser: Browser
  /** for the pictures */
  folder: string
  isWanted(name: string): boolean
  /** Prints the problems of a page, and returns their number. */
  report(name: string, problems: string[]): number
  /** Stores the pages anew, as this gallery shows them, and checks nothing. */
  update: Gallery | null
}

/**
 * Takes screenshots of all wanted pages of a real server in every state, and checks them. Returns
 * the number of problems.
 */
export async function takeAll({
  browser,
  folder,
  isWanted,
  report,
  update,
}: Options): Promise<number> {
  const installation = await startInstallation()
  const repositories: Repository[] = []
  const stored = storedNames()
  let bad = 0
  try {
    mkdirSync(folder, { recursive: true })
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const recorded = await browser.newPage({
      ...{ viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' },
    })
    const base = `http://localhost:${installation.port}`
    const take = async ({ name, path }: Shot): Promise<void> => {
      if (!isWanted(name)) return
      if (update) {
        const { token } = installation
        const recording = await record(recorded, { base, path, token }, () => ready(recorded))
        writeExpected(name, { layouts: await update.layouts(name, recording), recording })
        return
      }
      if (!stored.includes(name))
        bad += report(name, [`is not stored: npm run screenshots -- --update ${name}`])
      await page.setViewportSize({ width: 1440, height: 900 })
      await visit(page, `${base}${path}`)
      await ready(page)
      bad += report(name, await shoot(page, join(folder, name)))
    }
    await take({ name: 'sign-in', path: '/sign-in' })
    await signIn(installation, page)
    await signIn(installation, recorded)
    await take({ name: 'home-empty', path: '/' })
    const { shots, stop } = await seed(installation, repositories)
    for (const shot of shots) await take(shot)
    const names = new Set(['sign-in', 'home-empty', ...shots.map(({ name }) => name)])
    for (const name of stored.filter((one) => !names.has(one)))
      bad += report(name, ['is stored, and no page has this name: delete its file'])
    await installation.stopServer()
    if (isWanted('server-down') && !update)
      bad += report('server-down', await shoot(page, join(folder, 'server-down')))
    await stop()
  } finally {
    await installation.stop()
    for (const repository of repositories) await repository.remove()
  }
  return bad
}

async function ready(page: Page): Promise<void> {
  await page
    .getByRole('heading', { level: 1 })
    .first()
    .waitFor({ timeout: 10_000 })
    .catch(() => undefined)
  // On a busy machine, answers take seconds.
  await page
    .locator('.skeleton')
    .first()
    .waitFor({ state: 'detached', timeout: 30_000 })
    .catch(() => undefined)
  await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined)
}

/** Takes the screenshots of a page that is open. Returns what is wrong with it. */
async function shoot(page: Page, file: string): Promise<string[]> {
  const problems = new Set<string>()
  for (const width of widths)
    for (const theme of themes) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      // Two frames: charts are drawn again in the one after the change.
      await page.evaluate(
        'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
      )
      await page.screenshot({ path: `${file}-${width}-${theme}.png`, fullPage: true })
      if (width > 1440) continue
      for (const problem of await accessibilityProblems(page)) problems.add(problem)
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      if (Number(overflow) > 0)
        problems.add(`${width} px: the page is ${String(overflow)} px too wide`)
    }
  return [...problems]
}
