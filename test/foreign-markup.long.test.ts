import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { marked } from 'marked'
import type { Browser, Page } from 'playwright-core'
import { SaxesParser } from 'saxes'
import { afterAll, beforeAll, expect } from 'vitest'
import type { z } from 'zod'
import { apiPrefix } from '#contract/client.ts'
import type { Endpoint } from '#contract/endpoint.ts'
import { endpoints } from '#contract/endpoints.ts'
import { reviewDetail, reviewSections } from '#contract/review/review.ts'
import { statusPage } from '#contract/status-page/status-page.ts'
import { shownPage } from '#platform/status-page/shown-page.ts'
import { askHtml, saidHtml } from '#platform/status-page/subscribe-html.ts'
import { issueContent } from '../src/domains/review/issue.ts'
import { renderReview } from '../src/domains/review/markdown.ts'
import { decideCheck } from '../src/domains/forge/check.ts'
import { filesOf } from '../src/host/status-page/files.ts'
import { readExpected, type Recording, storedNames } from '../tools/screenshots/recording.ts'
import { type Replay, startReplay } from '../tools/screenshots/replay.ts'
import { launchBrowser } from './support/browser.ts'
import { foreign, harmOf, withForeign } from './support/foreign-markup.ts'
import { requires } from './support/programs.ts'
import { longDescribe, longTest } from './support/scale.ts'

/** Pages without text of others. */
const withoutText = [
  ...['not-found', 'sign-in', 'home-empty', 'run-unknown', 'canary-unknown', 'figures'],
]

let browser: Browser
let page: Page
const asked: string[] = []

/** Opens a page and checks what foreign markup did; `shows` proves that it is there, as text. */
async function expectText(name: string, open: () => Promise<unknown>, shows = true): Promise<void> {
  asked.length = 0
  await open()
  if (shows)
    await expect
      .poll(() => page.locator('body').textContent(), {
        ...{ message: `${name} shows it`, timeout: 10_000 },
      })
      .toContain('window.ran=1')
  // A picture that fails to load runs its script a moment later.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
  expect(await harmOf(page), name).toEqual([])
  expect(
    asked.filter((url) => new URL(url).hostname === 'foreign.test'),
    name,
  ).toEqual([])
}

longDescribe('foreign markup in Chromium', requires('chromium'), () => {
  let replay: Replay
  beforeAll(async () => {
    browser = await launchBrowser()
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    replay = await startReplay()
  })
  afterAll(async () => {
    await browser.close()
    await replay.close()
  })

  longTest('the markup is harmful where it is HTML or Markdown with HTML', async () => {
    await page.setContent(await marked.parse(foreign))
    await expect.poll(() => harmOf(page)).toContain('a script ran')
  })

  longTest.each(storedNames())('the page %s of the console', async (name) => {
    const { recording } = readExpected(name)
    replay.show(polluted(recording))
    await page.goto('about:blank')
    await page.clock.setFixedTime(recording.at)
    const isEmpty = withoutText.includes(name)
    await expectText(name, () => page.goto(`${replay.url}${recording.path}`), !isEmpty)
    // What opens on request has the text of others, too.
    for (const closed of await page.locator('summary').all()) await closed.click()
    expect(await harmOf(page), name).toEqual([])
  })

  longTest('the status page, its badges and its documents', async () => {
    const served = statusFiles()
    const server = createServer((request, response) => {
      const file = served.get(request.url ?? '/')
      if (!file) return void response.writeHead(404).end()
      // Without the policy for scripts, which would hide what is wrong with the page.
      const { 'content-security-policy': _policy, ...headers } = file.headers
      response.writeHead(200, headers).end(file.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const path of served.keys())
      if (!path.startsWith('/history'))
        await expectText(
          path,
          () => page.goto(base + path),
          /^\/(?:$|incidents|subscribe|api\/v2\/(?:comp|inc|summ))/.test(path),
        )
    server.close()
    await page.goto('about:blank')
    for (const feed of ['/history.atom', '/history.rss'])
      for (const html of elementsOf(String(served.get(feed)?.body), ['content', 'description']))
        await expectText(feed, () => page.setContent(html), false)
    for (const html of [saidHtml(foreign, foreign), askHtml('confirm', foreign)])
      await expectText('a page for subscribers', () => page.setContent(html), false)
  })

  longTest('Markdown for Git providers, also where it may contain HTML', async () => {
    await page.goto('about:blank')
    for (const [name, text] of Object.entries(markdownTexts())) {
      await expectText(name, async () => page.setContent(await marked.parse(text)))
      // An address that is shown as it is may be a link.
      const links = page.locator('a:not([href^="http://f.test/"])')
      for (const shown of await links.allTextContents()) expect(shown).toMatch(/^https?:/)
      expect(await page.locator('img').count(), name).toBe(0)
    }
  })
})

/** A recording with foreign markup in every free text of every answer. */
function polluted(recording: Recording): Recording {
  const answers = Object.entries(recording.answers).map(([path, { status, body }]) => {
    const output = outputOf(path)
    if (status !== 200 || output === null) return [path, { status, body }] as const
    const changed = withForeign(output, JSON.parse(body))
    const isValid = output.safeParse(changed).success
    expect(isValid, `${path} is valid with foreign markup`).toBe(true)
    return [path, { status, body: JSON.stringify(changed) }] as const
  })
  return { ...recording, answers: Object.fromEntries(answers) }
}

function outputOf(asked: string): z.ZodType | null {
  const [path = ''] = asked.split('?')
  const found = (Object.values(endpoints) as Endpoint[]).filter(
    (one) =>
      one.method === 'GET' &&
      new RegExp(`^${apiPrefix}${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  // `/runs/latest` comes before `/runs/{run}`.
  return (
    found.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0]?.output ?? null
  )
}

const time = '2026-11-29T14:02:00.000Z'
const place = { app: 'shop', environment: 'production' }

function statusFiles() {
  const incident = {
    ...{ ...place, id: 3, title: 'Outage', impact: 'partial_outage', components: [''] },
    ...{ started: time, resolved: null, review: { text: foreign, published: time } },
    updates: [{ id: 1, phase: 'identified', text: 'Cards ', published: time, promised: null }],
  }
  const component = {
    ...{ ...place, component: '', name: 'Shop', group: 'All', state: 'partial_outage' },
    ...{ since: time, detail: '4 % fail', uptime: 1, days: [] },
  }
  const facts = statusPage.parse({
    ...{ components: [component], maintenances: [], incidents: [incident] },
    ...{ changes: [{ ...place, component: '', state: 'partial_outage', since: time }] },
    ...{ subscribe: true, subscribeUrl: true },
  })
  const changed = statusPage.parse(withForeign(statusPage, facts))
  return filesOf(shownPage(changed, time, false), {
    ...{ name: 'default', url: 'http://status.test', isPrivate: false },
  })
}

/** The texts of elements of an XML document, which must be well-formed. */
function elementsOf(xml: string, names: string[]): string[] {
  const found: string[] = []
  let text = ''
  const parser = new SaxesParser()
  parser.on('opentag', () => (text = ''))
  parser.on('text', (more) => (text += more))
  parser.on('closetag', ({ name }) => void (names.includes(name) && found.push(text)))
  parser.on('error', (error) => {
    throw error
  })
  parser.write(xml).close()
  expect(found.length).toBeGreaterThan(0)
  return found
}

function markdownTexts(): Record<string, string> {
  const { recording } = readExpected('review')
  const [body = '{}'] = Object.entries(recording.answers)
    .filter(([path]) => path.endsWith('/review'))
    .map(([, answer]) => answer.body)
  const review = withForeign(reviewDetail, JSON.parse(body)) as z.infer<typeof reviewDetail>
  // The texts of sections are Markdown of people, which the file has as they wrote it.
  const sections = review.sections.map((one) => ({
    ...one,
    ...reviewSections[one.name],
    text: '',
  }))
  const actionList = review.actionList.map((one) => ({ ...one, issue: null }))
  const proof = { kind: 'test', name: foreign } as const
  const status = { sha: 'a', name: 'fairlead', state: 'failure', description: '', url: '' } as const
  const test = {
    ...{ step: 'test', suite: foreign, name: foreign, seconds: 1, file: null },
    outcome: 'failed' as const,
    ...{ message: foreign, before: null, isQuarantined: false, flaky: { commits: 0, of: 1 } },
  }
  const gate = {
    ...{ name: foreign, expression: '', reasons: [foreign], stops: true },
    state: 'failed' as const,
  }
  return {
    'the file of a review': renderReview({ ...review, sections, actionList }),
    'an issue': issueContent(
      { title: foreign, owner: foreign, due: '2026-12-14', proof },
      { key: '3/1', review: 3, url: 'http://f.test/incidents/3/review' },
    ).body,
    'the check of a commit': decideCheck(status, 'run/1', {
      ...{ gates: [gate], tests: [test], findings: null, coverage: null },
      numbers: { tests: null, coverage: null, findings: null },
    }).summary,
  }
}
