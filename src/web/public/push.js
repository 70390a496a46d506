// The service worker that shows messages about alerts. `web-push.ts` of the channels sends them.
/** Acknowledges an alert without a sign-in; opens its page when that is not possible. */
async function acknowledge({ answerUrl, url }) {
  const body = new URLSearchParams({ action: 'acknowledge' })
  const response = await fetch(answerUrl, { method: 'POST', body, credentials: 'omit' }).catch(
    () => null,
  )
  if (!response?.ok) await self.clients.openWindow(url)
}

self.addEventListener('push', (event) => {
  const { title, body, tag, url, answerUrl } = event.data.json()
  event.waitUntil(
    self.registration.showNotification(title, {
      ...{ body, tag, renotify: true, data: { url, answerUrl } },
      actions: answerUrl === null ? [] : [{ action: 'acknowledge', title: 'Acknowledge' }],
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  const { notification, action } = event
  notification.close()
  event.waitUntil(
    action === 'acknowledge'
      ? acknowledge(notification.data)
      : self.clients.openWindow(notification.data.url),
  )
})
