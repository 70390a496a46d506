import type { Subscription } from '#contract/alert/alert.ts'

/** A reason why this browser cannot get messages, in words for its user. */
export class NoPush extends Error {
  override name = 'NoPush'
}

/**
 * Subscribes this browser to messages, with a key pair of its own (RFC 8292). A subscription from
 * before ends, because its private key is on the server only. Throws `NoPush`.
 */
export async function subscribeBrowser(): Promise<Subscription> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window))
    throw new NoPush('This browser gets no messages here: they need HTTPS, or localhost.')
  if ((await Notification.requestPermission()) !== 'granted')
    throw new NoPush('This browser does not allow notifications of this page.')
  await navigator.serviceWorker.register('/push.js')
  const { pushManager } = await navigator.serviceWorker.ready
  const former = await pushManager.getSubscription()
  await former?.unsubscribe()
  const curve = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await crypto.subtle.generateKey(curve, true, ['sign'])
  const { d: privateKey = '' } = await crypto.subtle.exportKey('jwk', keys.privateKey)
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  const applicationServerKey = publicKey
  const subscription = await pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey })
    .catch((error: unknown) => {
      throw new NoPush(`This browser cannot subscribe: ${(error as Error).message}`)
    })
  const { endpoint = '', keys: { p256dh = '', auth = '' } = {} } = subscription.toJSON()
  return { endpoint, p256dh, auth, publicKey: base64url(publicKey), privateKey }
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
