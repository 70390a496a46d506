import axe from 'axe-core'
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
  // Animations cost processor time for as long as a page is open.
  '--force-prefers-reduced-motion',
]

/**
 * Starts the headless shell of Chromium if it is installed, because it takes less processor time,
 * or the Chromium of users.
 */
export const launchBrowser = (
  command = pathOf('chromium-headless-shell') ?? pathOf(programs.chromium.command)!,
): Promise<Browser> => chromium.launch({ executablePath: command, args })

interface Violation {
  id: string
  impact: string | null
  nodes: { target: string[] }[]
}

/** What axe finds wrong on a page, as `rule: element`; see axe-core. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, {
      resultTypes: ['violations'],
      rules: {
        'label-content-name-mismatch': { enabled: true },
        'target-size': { enabled: true },
      },
    }).then(({ violations }) => violations)`,
  )
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target }) => `${id}: ${target.join(' ')}`),
  )
}

/** Signs a page in by a one-time link. */
export async function signIn(installation: Installation, page: Page): Promise<void> {
  const { stdout } = await installation.cli('link')
  await page.goto(/https?:\/\/\S+code=\S+/.exec(stdout)?.[0] ?? '')
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
}
