import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page, Request } from 'playwright-core'
import { type Box, describeDifferences, type Difference, differencesOf } from './compare.ts'
import { readLayout } from './layout.ts'
import { type Expected, readExpected, type Recording } from './recording.ts'
import { type Replay, startReplay } from './replay.ts'

const views = [
  { width: 390, theme: 'light' },
  { width: 1440, theme: 'light' },
  { width: 1440, theme: 'dark' },
  { width: 2560, theme: 'light' },
] as const
type View = (typeof views)[number]

const nameOf = ({ width, theme }: View): string => `${width}-${theme}`

/** Shows recorded pages in a browser, each always in the same way. */
export interface Gallery {
  /**
   * The layouts of a page, by view, with a picture of each. Drops what the page does not ask for
   * from the recording.
   */
  layouts(name: string, recording: Recording): Promise<Record<string, Box[]>>
  /** Compares a stored page with what it looks like now. Returns its problems. */
  compare(name: string): Promise<string[]>
  close(): Promise<void>
}

/** A page that has not asked for all, or does not look as stored by then, has changed; ms. */
const patienceMs = 10_000

export async function openGallery(browser: Browser, pictures: string): Promise<Gallery> {
  const replay = await startReplay()
  const context = await browser.newContext({
    ...{ reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC' },
  })
  const page = await context.newPage()
  const isIdle = watchRequests(page, replay)
  return {
    layouts: async (name, recording) => {
      await open(page, replay, recording, patienceMs)
      for (const path of replay.missing()) {
        delete recording.answers[path]
        delete recording.streams[path]
      }
      const layouts: Record<string, Box[]> = {}
      for (const view of views) {
        layouts[nameOf(view)] = await layoutOf(page, view, isIdle)
        const path = join(pictures, `${name}-${nameOf(view)}.png`)
        await page.screenshot({ path, fullPage: true })
      }
      return layouts
    },
    compare: (name) => compare({ page, replay, isIdle }, name, pictures),
    close: async () => {
      await context.close()
      await replay.close()
    },
  }
}

interface Shown {
  page: Page
  replay: Replay
  isIdle(): boolean
}

/** Whether the page has all that it has asked for, such as parts that it loads when needed. */
function watchRequests(page: Page, replay: Replay): () => boolean {
  const pending = new Set<Request>()
  page.on('request', (request) => pending.add(request))
  page.on('requestfinished', (request) => pending.delete(request))
  page.on('requestfailed', (request) => pending.delete(request))
  return () => [...pending].every((request) => replay.isStream(request.url()))
}

async function compare(
  { page, replay, isIdle }: Shown,
  name: string,
  pictures: string,
): Promise<string[]> {
  const { recording, layouts }: Expected = readExpected(name)
  await open(page, replay, recording, patienceMs)
  const problems = [
    ...replay.missing().map((path) => `no longer asks for ${path}`),
    ...replay.unknown().map((path) => `asks for ${path}, which is not recorded`),
  ]
  for (const view of views) {
    const differences = await differencesAt(page, view, isIdle, layouts[nameOf(view)] ?? [])
    if (differences.length === 0) continue
    const picture = join(pictures, `${name}-${nameOf(view)}.png`)
    mkdirSync(pictures, { recursive: true })
    await draw(page, differences)
    await page.screenshot({ path: picture, fullPage: true })
    await page.evaluate(() => document.getElementById('differences')?.remove())
    problems.push(
      [
        `${nameOf(view)} px looks different, see ${picture}`,
        ...describeDifferences(differences),
      ].join('\n    '),
    )
  }
  return problems
}

async function open(
  page: Page,
  replay: Replay,
  recording: Recording,
  patience: number,
): Promise<void> {
  // The page before must not ask for anything any more.
  await page.goto('about:blank')
  replay.show(recording)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.clock.setFixedTime(recording.at)
  await page.goto(`${replay.url}${recording.path}`)
  const end = Date.now() + patience
  while (replay.missing().length > 0 && Date.now() < end) await page.waitForTimeout(20)
}

/** What differs once the page has had its time; on a busy machine, a part of it may come late. */
async function differencesAt(
  page: Page,
  view: View,
  isIdle: () => boolean,
  expected: Box[],
): Promise<Difference[]> {
  const end = Date.now() + patienceMs
  for (;;) {
    const differences = differencesOf(expected, await layoutOf(page, view, isIdle))
    if (differences.length === 0 || Date.now() > end) return differences
    await page.waitForTimeout(200)
  }
}

async function layoutOf(page: Page, { width, theme }: View, isIdle: () => boolean): Promise<Box[]> {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme: theme })
  let former = ''
  for (let tries = 0; tries < 200; tries += 1) {
    // Two idle moments with a frame between them: effects and queries have had their turn.
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          void document.fonts.ready.then(() =>
            requestAnimationFrame(() => requestIdleCallback(() => setTimeout(resolve, 60))),
          )
        }),
    )
    const layout = await page.evaluate(readLayout)
    const text = JSON.stringify(layout)
    if (text === former && isIdle()) return layout
    former = text
  }
  throw new Error(`${page.url()} does not come to rest at ${width} px`)
}

/** Draws where something was (dashed) and where it is now. */
async function draw(page: Page, differences: Difference[]): Promise<void> {
  await page.evaluate((found) => {
    const layer = document.createElement('div')
    layer.id = 'differences'
    layer.style.cssText = 'position:absolute;left:0;top:0;z-index:999;pointer-events:none'
    const frame = ([x, y, width, height]: number[], css: string): void => {
      const box = document.createElement('div')
      box.style.cssText =
        `position:absolute;box-sizing:border-box;left:${x}px;top:${y}px;` +
        `width:${width}px;height:${height}px;${css}`
      layer.append(box)
    }
    for (const { kind, expected, actual } of found) {
      if (expected && kind !== 'restyled') frame(expected.at, 'border:1px dashed #d00')
      if (actual)
        frame(
          actual.at,
          kind === 'moved'
            ? 'border:1px solid #06c'
            : 'border:2px solid #d00;background:rgb(221 0 0 / 0.15)',
        )
    }
    document.body.append(layer)
  }, differences)
}
