import { type Browser, chromium, type Page } from 'playwright-core'
import type { Installation } from './installation.ts'
import { pathOf, programs } from './programs.ts'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: pathOf(programs.chromium.command)!, args })

/** Signs a page in by a one-time link. */
export async function signIn(installation: Installation, page: Page): Promise<void> {
  const { stdout } = await installation.cli('link')
  await page.goto(/https?:\/\/\S+code=\S+/.exec(stdout)?.[0] ?? '')
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
}
