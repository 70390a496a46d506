import { deflateSync, crc32 } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityProblems, launchBrowser, signIn } from '../support/browser.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { requires } from '../support/programs.ts'

/** A PNG of one pixel, after ISO/IEC 15948. */
function png(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', Buffer.from('00000001000000010802000000', 'hex')),
    chunk('IDAT', deflateSync(Buffer.from([0, 11, 87, 208]))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

describe('the status pages in the console', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  const problems: string[] = []
  beforeAll(async () => {
    installation = await startInstallation()
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
    page.on('pageerror', (error) => problems.push(error.message))
    await signIn(installation, page)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
  })

  const openForm = async (button: string) => {
    await page.goto(`http://localhost:${installation.port}/status-page`)
    await page.getByRole('button', { name: button }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Title for readers').waitFor()
    return dialog
  }
  const save = async () => {
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).focus()
    await page.keyboard.press('Enter')
  }
  const closed = () => page.getByRole('dialog').waitFor({ state: 'detached' })
  const addressOf = async () => {
    const { pages } = await installation.client.listStatusPages({})
    return pages.find(({ name }) => name === 'acme')?.address ?? ''
  }

  test('adds a private page, whose password opens it', async () => {
    const dialog = await openForm('Add status page …')
    await dialog.getByLabel('Name').fill('default')
    await save()
    await dialog.getByText('the status page default exists already').waitFor()
    await dialog.getByLabel('Name').fill('acme')
    await dialog.getByLabel('Title for readers').fill('Acme')
    await dialog.getByLabel('Who may read it').selectOption('private')
    await dialog.getByLabel('Logo').setInputFiles({
      ...{ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.alloc(21_000) },
    })
    await save()
    await dialog.getByText('must be a PNG').waitFor()
    const logo = { name: 'logo.png', mimeType: 'image/png', buffer: png() }
    await dialog.getByLabel('Logo').setInputFiles(logo)
    await dialog.getByLabel('Colour of the light page').fill('#ffff00')
    await dialog.getByLabel('Colour of the dark page').fill('#8ab4f8')
    await save()
    await dialog.getByText('choose a darker colour').waitFor()
    await dialog.getByLabel('Colour of the light page').fill('#0B57D0')
    expect(await accessibilityProblems(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await save()
    const password = await dialog.locator('code').textContent()
    expect(password).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await closed()
    await page.getByText('acme, Acme, with a look of its own, private').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])

    const reader = await browser.newPage({ colorScheme: 'light' })
    await expect.poll(async () => (await reader.goto(await addressOf()))?.status()).toBe(403)
    await reader.getByLabel('Password').fill(password ?? '')
    await reader.keyboard.press('Enter')
    await reader.getByText('Acme', { exact: true }).waitFor()
    const image = reader.locator('img').first()
    expect(await image.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBe(1)
    await reader.close()
  })

  test('makes another password, then lets everybody read the page', async () => {
    const change = 'Change the status page acme …'
    const dialog = await openForm(change)
    expect(await dialog.getByLabel('Colour of the light page').inputValue()).toBe('#0b57d0')
    await dialog.getByLabel('Make another password').check()
    await save()
    await dialog.getByText('It is not shown again.').waitFor()
    await page.keyboard.press('Escape')
    await closed()
    const again = await openForm(change)
    await again.getByLabel('Who may read it').selectOption('public')
    await again.getByLabel('Use the logo of the installation').check()
    await again.getByLabel('Colour of the light page').fill('')
    await again.getByLabel('Colour of the dark page').fill('')
    await save()
    await closed()
    await page.getByText('acme, Acme', { exact: true }).waitFor()
    const { pages } = await installation.client.listStatusPages({})
    expect(pages.find(({ name }) => name === 'acme')).toMatchObject({
      ...{ private: false, hasLogo: false, colors: null, title: 'Acme' },
    })
    const reader = await browser.newPage()
    await expect.poll(async () => (await reader.goto(await addressOf()))?.status()).toBe(200)
    await reader.close()
    // The default page has neither an address nor a password to choose.
    const own = await openForm('Change the status page default …')
    expect(await own.getByLabel('Who may read it').count()).toBe(0)
    expect(problems).toEqual([])
  })
})
