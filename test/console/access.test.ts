import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, signIn } from '../support/browser.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { requires } from '../support/programs.ts'
import { signInAs, type SignedIn } from '../support/people.ts'

describe('users and roles in the console', requires('chromium'), () => {
  let installation: Installation
  let browser: Browser
  let page: Page
  let ada: SignedIn
  beforeAll(async () => {
    installation = await startInstallation()
    browser = await launchBrowser()
    page = await browser.newPage()
    await signIn(installation, page)
    for (const name of ['shop', 'bank']) await installation.client.createApp({ body: { name } })
  })
  afterAll(async () => {
    await browser.close()
    await installation.stop()
  })
  const menu = async (of: Page, item: string): Promise<void> => {
    await of.getByRole('button', { name: 'Account and settings' }).click()
    await of.getByRole('menuitem', { name: item, exact: true }).click()
  }

  test('an admin adds a user, grants roles, and disables the user', async () => {
    await menu(page, 'Users')
    await page.getByRole('button', { name: 'Add user' }).click()
    await page.getByLabel('Name, as shown in events').fill('Ada')
    await page.getByLabel('Role for all apps').selectOption('')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    const row = page.getByRole('listitem').filter({ hasText: 'Ada' })
    await row.getByText('no role').waitFor()
    ada = await signInAs(installation, 'Ada')
    const hers = await (await browser.newContext()).newPage()
    await hers.goto((await installation.client.createLink({ body: { name: 'Ada' } })).url)
    await hers.getByText('You are signed in, but have no role yet').waitFor()
    await page.getByRole('button', { name: 'Change the roles of Ada' }).click()
    await page.getByLabel('App shop').selectOption('operator')
    await page.getByRole('button', { name: 'Done' }).click()
    await row.getByText('operator of shop').waitFor()
    expect((await ada.client.listApps()).apps.map(({ name }) => name)).toEqual(['shop'])
    await hers.getByText('shop', { exact: true }).first().waitFor()
    await hers.context().close()
    await page.getByRole('button', { name: 'Disable Ada' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click()
    await row.getByText('disabled', { exact: true }).waitFor()
    await expect(ada.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
    await page.getByRole('button', { name: 'Enable Ada' }).click()
    await page.getByRole('button', { name: 'Disable Ada' }).waitFor()
  })

  test('a user with a role for one app sees only that app, and their sessions', async () => {
    const context = await browser.newContext()
    const hers = await context.newPage()
    const { url } = await installation.client.createLink({ body: { name: 'Ada' } })
    await hers.goto(url)
    await hers.getByText('shop', { exact: true }).first().waitFor()
    expect(await hers.getByText('bank').count()).toBe(0)
    await hers.getByRole('button', { name: 'Account and settings' }).click()
    await hers.getByText('Operator of shop').waitFor()
    expect(await hers.getByRole('menuitem', { name: 'Users' }).count()).toBe(0)
    await hers.getByRole('menuitem', { name: 'Sessions' }).click()
    await hers.getByText('this browser').waitFor()
    ada = await signInAs(installation, 'Ada')
    await hers.reload()
    await hers.getByText('Browser of Ada').waitFor()
    await hers.getByRole('button', { name: 'End all other sessions' }).click()
    await hers.getByRole('button', { name: 'End sessions' }).click()
    await hers.getByText('Browser of Ada').waitFor({ state: 'detached' })
    await expect(ada.client.me()).rejects.toMatchObject({ code: 'sign_in_needed' })
    // A user who is disabled is redirected to the sign-in page.
    await installation.client.changeUser({ params: { user: 'Ada' }, body: { disabled: true } })
    await hers.waitForURL(/sign-in/)
    await context.close()
  })

  test('the events name their actor and address, and can be filtered by actor', async () => {
    await page.goto(
      `http://localhost:${installation.port}/events?type=dev.cdeventsx.fairlead-user.changed`,
    )
    await page.getByText('Admin gave Ada the role operator for shop').waitFor()
    await page.getByRole('link', { name: 'admin', exact: true }).first().click()
    const user = page.getByRole('textbox', { name: 'User' })
    await expect.poll(() => user.inputValue()).toBe('admin')
    await page.getByText('(from 127.0.0.1)').first().waitFor()
    await user.fill('')
    await page.getByText('disabled the user Ada').first().waitFor()
  })
})
