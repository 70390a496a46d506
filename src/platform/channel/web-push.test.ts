import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { newBrowser } from '../../../test/support/web-push.ts'
import { type ChannelIo, type Message, Refused } from './channel.ts'
import webPush from './channels/web-push.ts'

/** What a push service on this machine received. */
const received: { headers: Record<string, unknown>; body: Buffer }[] = []
let status = 201
const service = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  received.push({ headers: request.headers, body: Buffer.concat(chunks) })
  response.writeHead(status).end()
}).listen(0, '127.0.0.1')
afterAll(() => service.close())
const endpoint = () => `http://127.0.0.1:${(service.address() as AddressInfo).port}/send/x`

const io: ChannelIo = { fetch, mail: null, commands: null }
const message: Message = {
  ...{ id: 'notification-7', kind: 'opened', title: 'web <fails>', lines: ['Half of it.', 'Ä'] },
  ...{ url: 'https://fairlead.example.com/alerts/3', urgency: 'high' },
  answerUrl: 'https://fairlead.example.com/answer?key=k',
  alert: { id: 3, app: 'shop', environment: 'production', service: 'web', deployment: 9 },
}

test('a browser can decrypt the message, and the push service can verify its sender', async () => {
  const { subscription, decrypt } = newBrowser(endpoint())
  await webPush.send(message, subscription, io)
  const { headers, body } = received.at(-1)!
  expect(headers).toMatchObject({
    ...{ 'content-encoding': 'aes128gcm', topic: 'alert-3', urgency: 'high', ttl: '86400' },
  })
  expect(JSON.parse(decrypt(body))).toEqual({
    ...{ title: 'web <fails>', body: 'Half of it.\nÄ', tag: 'alert-3' },
    ...{ url: message.url, answerUrl: message.answerUrl },
  })
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(
    String(headers['authorization']),
  )!
  expect(key).toBe(subscription.publicKey)
  const [head, claims = '', signature = ''] = token.split('.')
  const raw = Buffer.from(key, 'base64url')
  const [x, y] = [raw.subarray(1, 33), raw.subarray(33)].map((one) => one.toString('base64url'))
  const jwk = { kty: 'EC', crv: 'P-256', x: x!, y: y! }
  const sender = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
  const isValid = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    sender as Parameters<typeof verify>[2],
    Buffer.from(signature, 'base64url'),
  )
  expect(isValid).toBe(true)
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    ...{ aud: new URL(endpoint()).origin, sub: 'https://fairlead.example.com' },
  })
})

test('the longest message fits into what push services take', async () => {
  const { subscription, decrypt } = newBrowser(endpoint())
  const long = { ...message, title: '界'.repeat(5000), lines: ['界'.repeat(5000)] }
  await webPush.send({ ...long, url: `https://f.example.com/${'a'.repeat(200)}` }, subscription, io)
  const { body } = received.at(-1)!
  expect(body.length).toBeLessThanOrEqual(4096)
  expect(JSON.parse(decrypt(body))).toMatchObject({ title: '界'.repeat(200) })
})

test('an ended subscription, another refusal and invalid keys are told apart', async () => {
  const { subscription } = newBrowser(endpoint())
  status = 410
  const ended = 'the browser has ended its subscription; add it again'
  await expect(webPush.send(message, subscription, io)).rejects.toThrow(
    new Refused(ended, { status: 410 }),
  )
  status = 429
  await expect(webPush.send(message, subscription, io)).rejects.toThrow('it answered 429')
  const invalid = { ...subscription, p256dh: 'AAAA' }
  await expect(webPush.send(message, invalid, io)).rejects.toThrow(
    new Refused('its keys are not valid; add the browser again'),
  )
})
