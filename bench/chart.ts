import type { Page } from 'playwright-core'
import { seriesAnswer, type SeriesAnswer, type SignalName } from '#contract/signal/signal.ts'
import { launchBrowser, signIn } from '../test/support/browser.ts'
import { endedRun, push } from '../test/support/app.ts'
import { generator, poisson } from '../test/support/generator.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, tinyServer } from '../test/support/repository.ts'
import { buildConsoleIfChanged } from '../tools/build-console.ts'
import { milliseconds, quantile, timed } from './measure.ts'

const names: SignalName[] = [
  ...(['requests', 'errors', 'client-errors'] as const),
  ...(['latency-p50', 'latency-p95', 'latency-p99', 'cpu', 'memory'] as const),
]
/** Points of each of eight lines: 29 days, 10 s apart. */
const sizes = [360, 250_000]
const step = 10

/**
 * The page with the charts of an app, in a browser: how long it takes to draw them, and how long
 * the frames are while the pointer moves over them and while a part is zoomed.
 */
export async function run(): Promise<void> {
  await buildConsoleIfChanged()
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'services: {web: {run: exec node server.js}}\nenvironments: {production: {}}\n',
  })
  const browser = await launchBrowser()
  try {
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    for (const size of sizes) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
      await signIn(installation, page)
      await measure(page, installation, size)
      await page.close()
    }
  } finally {
    await browser.close()
    await installation.stop()
    await repository.remove()
  }
}

async function measure(page: Page, { port }: Installation, size: number): Promise<void> {
  const body = JSON.stringify(answerOf(size))
  await page.route('**/api/v1/apps/shop/signals*', (route) =>
    route.fulfill({ body, contentType: 'application/json' }),
  )
  await page.goto(`http://localhost:${port}/apps/shop`)
  await page.getByRole('link', { name: 'Monitors', exact: true }).first().waitFor()
  const drawn = await timed(async () => {
    await page.goto(`http://localhost:${port}/apps/shop/monitors`)
    await page.locator('canvas').nth(3).waitFor()
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
  })
  const box = await page.locator('.u-over').first().boundingBox()
  if (!box) throw new Error('there is no chart')
  const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const
  const moved = await framesOf(page, async () => {
    for (let i = 0; i <= 100; i += 1) await page.mouse.move(...at(0.1 + 0.008 * i))
  })
  const zoomed = await framesOf(page, async () => {
    await page.mouse.move(...at(0.3))
    await page.mouse.down()
    await page.mouse.move(...at(0.6), { steps: 10 })
    await page.mouse.up()
  })
  const showAll = page.getByRole('button', { name: /^Show all of/ }).first()
  await showAll.click()
  const touch = await page.context().newCDPSession(page)
  const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number) => {
    const touchPoints = [-1, 1].map((side, id) => {
      const [x, y] = at(0.5 + side * apart)
      return { x, y, id }
    })
    return touch.send('Input.dispatchTouchEvent', {
      ...{ type, touchPoints: type === 'touchEnd' ? [] : touchPoints },
    })
  }
  const pinched = await framesOf(page, async () => {
    await fingers('touchStart', 0.1)
    for (let i = 1; i <= 30; i += 1) await fingers('touchMove', 0.1 + i * 0.01)
    await fingers('touchEnd', 0)
  })
  // Without a part that is shown, this fails.
  await showAll.click()
  await page.getByRole('slider').first().focus()
  const pressed = await framesOf(page, async () => {
    for (let i = 0; i < 5; i += 1) await page.keyboard.press('+')
    for (let i = 0; i < 20; i += 1) await page.keyboard.press('ArrowLeft')
  })
  await showAll.click()
  const words = (frames: number[]): string =>
    `median ${milliseconds(quantile(frames, 0.5))}, worst ${milliseconds(Math.max(...frames))}`
  console.log(
    `  ${(size * names.length).toLocaleString('en')} points in 4 charts, ` +
      `${(body.length / 1e6).toFixed(1)} MB: drawn after ${milliseconds(drawn)}; ` +
      `frames while the pointer moves ${words(moved)}; while it zooms ${words(zoomed)}; ` +
      `with two fingers ${words(pinched)}; with keys ${words(pressed)}`,
  )
}

/** Milliseconds between the frames of a page while something happens. */
async function framesOf(page: Page, act: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const frames: number[] = []
    let before = performance.now()
    const next = (): void => {
      const now = performance.now()
      frames.push(now - before)
      before = now
      if (frames.length < 10_000) requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
    Object.assign(globalThis, { frames })
  })
  await act()
  await page.waitForTimeout(200)
  return page.evaluate(() =>
    (globalThis as unknown as { frames: number[] }).frames.splice(0, 10_000),
  )
}

function answerOf(size: number): SeriesAnswer {
  const random = generator(5)
  const from = new Date(Date.now() - size * step * 1000).toISOString()
  const series = names.map((name) => ({
    ...{ unit: '', environment: 'production', service: 'web', release: null, instance: null },
    name,
    values: Array.from({ length: size }, () => poisson(random, 80)),
  }))
  return seriesAnswer.parse({ from, step, series, marks: [] })
}
