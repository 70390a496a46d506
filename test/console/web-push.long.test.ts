import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect } from 'vitest'
import { launchBrowser, signIn } from '../support/browser.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { pathOf, programs, requires } from '../support/programs.ts'
import { longDescribe, longTest } from '../support/scale.ts'
import { waitFor } from '../support/wait.ts'
import { newBrowser } from '../support/web-push.ts'

longDescribe('a browser as a channel', () => {
  let installation: Installation
  const received: Buffer[] = []
  // Chromium subscribes at a push service on the internet only; this one takes its place.
  const service = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push(Buffer.concat(chunks))
    response.writeHead(201).end()
  }).listen(0, '127.0.0.1')
  beforeAll(async () => {
    installation = await startInstallation()
  })
  afterAll(async () => {
    await installation.stop()
    service.close()
  })

  longTest(
    'is added with a button, and its service worker shows what the server sends',
    requires('chromium'),
    async () => {
      const { port } = service.address() as AddressInfo
      const { subscription, decrypt } = newBrowser(`http://127.0.0.1:${port}/send/x`)
      const { endpoint, p256dh, auth } = subscription
      const browser = await launchBrowser(pathOf(programs.chromium.command)!)
      try {
        const context = await browser.newContext()
        const origin = `http://localhost:${installation.port}`
        await context.grantPermissions(['notifications'], { origin })
        const page = await context.newPage()
        await page.addInitScript(
          (answer) => {
            PushManager.prototype.subscribe = () =>
              Promise.resolve({ toJSON: () => answer } as unknown as PushSubscription)
          },
          { endpoint, keys: { p256dh, auth } },
        )
        await signIn(installation, page)
        await page.goto(`${origin}/channels`)
        const devtools = await context.newCDPSession(page)
        const registered = new Promise<string>((resolve) =>
          devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
            const found = registrations.find(({ scopeURL }) => scopeURL === `${origin}/`)
            if (found) resolve(found.registrationId)
          }),
        )
        await devtools.send('ServiceWorker.enable')
        await page.getByRole('button', { name: 'Add this browser' }).click()
        await page.getByText('Proven').waitFor()
        await waitFor('the test message arrives', async () => received.length === 1)
        const data = decrypt(received[0]!)
        const registrationId = await registered
        await devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data })
        const shown = (): Promise<{ title: string; body: string }[]> =>
          page.evaluate(async () => {
            const { getNotifications } = ServiceWorkerRegistration.prototype
            const registration = await navigator.serviceWorker.ready
            const found = await getNotifications.call(registration)
            return found.map(({ title, body }) => ({ title, body }))
          })
        await waitFor('the notification is shown', async () => (await shown()).length === 1)
        expect(await shown()).toEqual([
          { title: 'A test message of Fairlead', body: 'This channel works.' },
        ])
        const { channels } = await installation.client.listChannels()
        expect(channels).toMatchObject([{ kind: 'web-push', problem: null }])
        expect(channels[0]?.person).not.toBeNull()
      } finally {
        await browser.close()
      }
    },
  )
})
