// Takes screenshots of every page of the console in every state, in both themes and three widths,
// and checks each with axe: npm run screenshots [-- NAME…].
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { accessibilityProblems, launchBrowser, signIn } from '../../test/support/browser.ts'
import { type Repository, startInstallation } from '../../test/support/installation.ts'
import { seed, type Shot } from './seed.ts'

const widths = [390, 1440, 2560]
const themes = ['light', 'dark'] as const
const folder = 'screenshots'

/** Takes the screenshots of a page that is open. Returns what is wrong with it. */
async function shoot(page: Page, name: string): Promise<string[]> {
  const problems = new Set<string>()
  for (const width of widths)
    for (const theme of themes) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      // Two frames: charts are drawn again in the one after the change.
      await page.evaluate(
        'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
      )
      await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: true })
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

async function open(page: Page, base: string, { path }: Shot): Promise<void> {
  await page.goto(`${base}${path}`)
  await page
    .getByRole('heading', { level: 1 })
    .first()
    .waitFor({ timeout: 10_000 })
    .catch(() => undefined)
  await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined)
}

const wanted = process.argv.slice(2)
const isWanted = (name: string): boolean =>
  wanted.length === 0 || wanted.some((one) => name.includes(one))

const installation = await startInstallation()
const repositories: Repository[] = []
const browser = await launchBrowser()
let bad = 0
try {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  const base = `http://localhost:${installation.port}`
  const take = async (shot: Shot): Promise<void> => {
    if (!isWanted(shot.name)) return
    await page.setViewportSize({ width: 1440, height: 900 })
    await open(page, base, shot)
    const problems = await shoot(page, shot.name)
    for (const problem of problems) console.error(`${shot.name}: ${problem}`)
    bad += problems.length
  }
  await take({ name: 'sign-in', path: '/sign-in' })
  await signIn(installation, page)
  await take({ name: 'home-empty', path: '/' })
  const { shots, stop } = await seed(installation, repositories)
  for (const shot of shots) await take(shot)
  await installation.stopServer()
  if (isWanted('server-down'))
    for (const problem of await shoot(page, 'server-down')) console.error(problem)
  await stop()
} finally {
  await browser.close()
  await installation.stop()
  for (const repository of repositories) await repository.remove()
}
console.log(`The screenshots are in ${folder}/. ${bad} problems.`)
process.exitCode = bad === 0 ? 0 : 1
