import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import type { Subscription } from '#contract/alert/alert.ts'

const curve = 'prime256v1'
const keyPair = (): { publicKey: string; privateKey: string } => {
  const pair = createECDH(curve)
  pair.generateKeys()
  return {
    publicKey: pair.getPublicKey('base64url'),
    privateKey: pair.getPrivateKey('base64url'),
  }
}

/** A subscription at a push service, with new keys. */
export const browserAt = (endpoint: string): Subscription => newBrowser(endpoint).subscription

/** A browser that can decrypt what the push service gets for it. */
export function newBrowser(endpoint: string): {
  subscription: Subscription
  decrypt(body: Buffer): string
} {
  const own = keyPair()
  const auth = randomBytes(16).toString('base64url')
  const subscription = { endpoint, p256dh: own.publicKey, auth, ...keyPair() }
  return { subscription, decrypt: (body) => decrypt(body, own, auth) }
}

/** Decrypts a message of one record: RFC 8291, section 3.4, and RFC 8188, section 2. */
function decrypt(
  body: Buffer,
  { publicKey, privateKey }: { publicKey: string; privateKey: string },
  auth: string,
): string {
  const [salt, length] = [body.subarray(0, 16), body.readUInt8(20)]
  const sender = body.subarray(21, 21 + length)
  const sealed = body.subarray(21 + length)
  const own = createECDH(curve)
  own.setPrivateKey(privateKey, 'base64url')
  const derive = (secret: Buffer, salted: Buffer, info: Buffer, size: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salted, info, size))
  const named = [Buffer.from('WebPush: info\0'), Buffer.from(publicKey, 'base64url'), sender]
  const shared = own.computeSecret(sender)
  const key = derive(shared, Buffer.from(auth, 'base64url'), Buffer.concat(named), 32)
  const content = derive(key, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(key, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const decipher = createDecipheriv('aes-128-gcm', content, nonce)
  decipher.setAuthTag(sealed.subarray(-16))
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  // The last record ends with the byte 2 and zeros.
  return padded.subarray(0, padded.lastIndexOf(2)).toString()
}
