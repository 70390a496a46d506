import type { Browser } from 'playwright-core'
import { endedRun, push } from '../../test/support/app.ts'
import { signIn } from '../../test/support/browser.ts'
import { canariesOf, server } from '../../test/support/canary.ts'
import { type Installation, startInstallation } from '../../test/support/installation.ts'
import { makeRepository, type Repository, tinyServer } from '../../test/support/repository.ts'
import { waitFor } from '../../test/support/wait.ts'

const three = (production = ''): string => `
steps: {unit: 'true', e2e: sh e2e.sh}
services: {web: {run: exec node server.js, health: /}}
environments: {dev: {}, staging: {}, production: {${production}}}
`
const files = (text: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...{ 'server.js': tinyServer(text), 'e2e.sh': 'exit 0', 'fairlead.yaml': three() },
  ...more,
})

/** Takes the pictures of the README, light and dark: the home page of a team with five apps. */
export async function takePictures(browser: Browser): Promise<void> {
  const installation = await startInstallation()
  const repositories: Repository[] = []
  try {
    const stop = await fill(installation, repositories)
    const page = await browser.newPage({ viewport: { width: 1280, height: 830 }, locale: 'en-GB' })
    await signIn(installation, page)
    for (const [colorScheme, path] of [
      ['light', 'docs/console.png'],
      ['dark', 'docs/console-dark.png'],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.goto(`http://localhost:${installation.port}/`)
      await page.getByText('Waiting for approval').first().waitFor()
      await page.screenshot({ path })
    }
    await stop()
  } finally {
    await installation.stop()
    for (const repository of repositories) await repository.remove()
  }
}

/** Fills an installation; the canary of the shop has traffic until the result is called. */
async function fill(
  installation: Installation,
  repositories: Repository[],
): Promise<() => Promise<void>> {
  const { client } = installation
  const canaries = canariesOf(() => installation)
  const newest = async (app: string): Promise<number> =>
    (await client.listRuns({ query: { app, limit: 1 } })).runs[0]?.id ?? 0
  const deliver = async (app: string, repository: Repository): Promise<number> => {
    await push(installation, app, repository)
    return newest(app)
  }
  const isIn = async (run: number, state: string): Promise<boolean> => {
    const { deployments } = await client.getRun({ params: { run } })
    return deployments.some(({ deployment }) => deployment?.state === state)
  }
  const make = async (of: Record<string, string>, subject: string): Promise<Repository> => {
    const repository = await makeRepository(of)
    repositories.push(repository)
    await repository.commit({ 'README.md': subject }, subject)
    return repository
  }
  const website = await make(
    files('one', { 'fairlead.yaml': three().replace('dev: {}, staging: {}, ', '') }),
    'Update the imprint',
  )
  const mailer = await make(files('one'), 'Send mail in batches')
  const search = await make(files('one'), 'Index product names')
  for (const [app, repository] of Object.entries({ website, mailer, search }))
    await endedRun(installation, await deliver(app, repository))
  await search.commit({ 'e2e.sh': 'exit 1' }, 'Rank by price')
  await endedRun(installation, await deliver('search', search))
  const payments = await make(
    files('one', { 'fairlead.yaml': three('approve: {by: [admin], count: 1}') }),
    'Accept cards of two banks',
  )
  const waiting = await deliver('payments', payments)
  await waitFor('the approval', () => isIn(waiting, 'waiting'))
  const shop = await make(
    files('one', {
      'server.js': server('1'),
      'fairlead.yaml': three(
        'strategy: canary, canary: {steps: [5, 50], least: 600s, most: 3600s}',
      ),
    }),
    'Show stocks',
  )
  await endedRun(installation, await deliver('shop', shop))
  const traffic = canaries.load('shop', 2)
  await shop.commit({ 'server.js': server('2') }, 'Offer gift cards')
  const run = await deliver('shop', shop)
  await waitFor('the canary', () => isIn(run, 'canary'))
  return async () => {
    await traffic.stop().catch(() => undefined)
    await canaries.remove()
  }
}
