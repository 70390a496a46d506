import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pushes } from './support/forge.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { seededRandom } from './support/random.ts'
import { longTest } from './support/scale.ts'

const zeros = '0'.repeat(40)
let installation: Installation
let repository: Repository
let secret = ''
beforeAll(async () => {
  installation = await startInstallation({ env: { FAIRLEAD_POLL_SECONDS: '3600' } })
  repository = await makeRepository({ 'fairlead.yaml': 'steps: {test: {run: "true"}}\n' })
  const url = `file://${repository.folder}`
  await installation.client.createApp({
    body: { name: 'shop', repository: { kind: 'url', url }, branch: 'main' },
  })
  secret = (await installation.client.putWebhook({ params: { app: 'shop' } })).secret
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const head = (more: string): string =>
  `POST /webhooks/shop HTTP/1.1\r\nhost: localhost\r\nx-github-event: push\r\nx-hub-signature-256: sha256=${'0'.repeat(64)}\r\n${more}\r\n\r\n`

interface Sender {
  socket: Socket
  answer: string
  closed: number | null
}

const open = (text: string): Sender => {
  const socket = connect(installation.port, '127.0.0.1')
  const sender: Sender = { socket, answer: '', closed: null }
  socket.on('error', () => undefined).on('close', () => (sender.closed = performance.now()))
  socket.on('data', (chunk: Buffer) => (sender.answer += chunk.toString()))
  socket.write(text)
  return sender
}
const send = async (id: string): Promise<{ status: number; ms: number }> => {
  const { headers, body } = pushes['github']!(secret, {
    before: zeros,
    after: 'a'.repeat(40),
    id,
    ref: 'refs/heads/x',
  })
  const since = performance.now()
  const { status } = await fetch(`${installation.url}/webhooks/shop`, {
    method: 'POST',
    headers,
    body,
  })
  return { status, ms: performance.now() - since }
}
const delivered = async (prefix: string): Promise<string[]> => {
  const { deliveries } = await installation.client.listWebhookDeliveries({
    params: { app: 'shop' },
    query: {},
  })
  return deliveries.map(({ id }) => id).filter((id) => id.startsWith(prefix))
}
const megabytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${installation.pid()}/status`, 'utf8'))![1]) /
  1024

longTest('slow senders are disconnected, and delay no others', async () => {
  const began = performance.now()
  const slow = Array.from({ length: 300 }, () => open(head('content-length: 1000')))
  const ticks = setInterval(
    () => slow.forEach(({ socket }) => socket.writable && socket.write('x')),
    1000,
  )
  try {
    // Senders that announce 25 MB and send one byte take no room.
    slow.push(...Array.from({ length: 8 }, () => open(`${head('content-length: 26214400')}{`)))
    await waitFor('they are connected', async () => slow.every(({ socket }) => !socket.connecting))
    for (let i = 0; i < 20; i += 1) expect((await send(`beside-${i}`)).status).toBe(202)
    await waitFor(
      'the slow senders are disconnected',
      async () => slow.every(({ closed }) => closed !== null),
      60,
    )
    for (const { closed } of slow) expect(closed! - began).toBeGreaterThan(15_000)
    expect(await delivered('beside-')).toHaveLength(20)
  } finally {
    clearInterval(ticks)
  }
})

test('unverified bodies are held only up to a limit', async () => {
  for (let i = 0; i < 3; i += 1) expect((await send(`before-${i}`)).status).toBe(202)
  const before = megabytes()
  const piece = Buffer.alloc(1024 * 1024, 'x')
  // Nobody says beforehand how much it is.
  const many = Array.from({ length: 40 }, () => open(head('transfer-encoding: chunked')))
  let most = before
  for (let i = 0; i < 24; i += 1) {
    for (const { socket } of many)
      if (socket.writable)
        socket.write(Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')]))
    await sleep(50)
    most = Math.max(most, megabytes())
  }
  // A sender that writes while the server closes may lose the answer.
  const isRefused = ({ answer, closed }: Sender): boolean =>
    answer.includes('503') || closed !== null
  await waitFor(
    'an address holds only two bodies',
    async () => many.filter(isRefused).length === 38,
  )
  const refused = many.filter(isRefused)
  expect(refused.map(({ answer }) => answer).join()).toContain(
    'The inbox, which is full, does not answer',
  )
  // Two more make it too large for the two that an address may send at the same time.
  const two = many.filter((one) => !isRefused(one))
  for (const { socket } of two)
    for (let i = 0; i < 2; i += 1)
      if (socket.writable)
        socket.write(Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')]))
  await waitFor('they are refused', async () => two.every(({ answer }) => answer.includes('413')))
  expect(two[0]!.answer).toContain('The request is larger than 25 MB')
  most = Math.max(most, megabytes())
  console.log(`memory ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`)
  expect(most - before).toBeLessThan(400)
  for (const { socket } of many) socket.destroy()
  await waitFor(
    'there is room again',
    async () => (await send(`after-${Math.random()}`)).status === 202,
  )

  // The size that is announced is refused before any of it is sent.
  const headers = pushes['github']!(secret, { before: zeros, after: zeros }).headers
  const large = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${installation.url}/webhooks/shop`, {
      method: 'POST',
      headers: { ...headers, 'content-length': 50 * 1024 * 1024 },
    })
    sent.once('error', reject)
    sent.once('response', ({ statusCode }) => resolve(statusCode))
    sent.flushHeaders()
  })
  expect(large).toBe(413)
  // Nothing of it was stored, and nothing of the others lost.
  expect(await delivered('before-')).toHaveLength(3)
  for (const id of await delivered('')) expect(id).toMatch(/^(before|beside|after)-/)
})

longTest('a killed server loses no acknowledged delivery, and runs nothing twice', async () => {
  const random = seededRandom()
  const pushed: string[] = []
  const answered = new Set<string>()
  let next = 0
  const killer = (async () => {
    for (let kills = 0; kills < 3; kills += 1) {
      const least = Math.floor((kills + random()) * (240 / 3))
      while (answered.size < least) await sleep(5)
      await installation.killServer()
      await installation.start()
    }
  })()
  const sender = async (): Promise<void> => {
    while (next < 240) {
      const index = next++
      const isReal = index % 60 === 0
      if (isReal) pushed.push(await repository.commit({ 'a.txt': String(index) }))
      const push = isReal
        ? { after: pushed.at(-1)! }
        : { ref: `refs/heads/x-${index % 7}`, after: String(index).padStart(40, '0') }
      const { headers, body } = pushes['github']!(secret, {
        before: zeros,
        id: `k-${index}`,
        ...push,
      })
      for (;;) {
        const answer = await fetch(`${installation.url}/webhooks/shop`, {
          method: 'POST',
          headers,
          body,
        }).catch(() => null)
        await answer?.arrayBuffer().catch(() => undefined)
        if (answer?.status === 202) break
        await sleep(50)
      }
      answered.add(`k-${index}`)
      await sleep(50)
    }
  }
  await Promise.all(Array.from({ length: 4 }, sender))
  await killer
  const stored: string[] = []
  let before: number | undefined
  for (;;) {
    const { deliveries } = await installation.client.listWebhookDeliveries({
      params: { app: 'shop' },
      query: { limit: 200, ...(before === undefined ? {} : { before }) },
    })
    if (deliveries.length === 0) break
    stored.push(...deliveries.map(({ id }) => id))
    before = deliveries.at(-1)!.number
  }
  const mine = stored.filter((id) => id.startsWith('k-'))
  expect(answered.size).toBe(240)
  expect(new Set(mine)).toEqual(answered)
  expect(mine).toHaveLength(240)
  const runs = async () =>
    (await installation.client.listRuns({ query: { app: 'shop', limit: 500 } })).runs
  await waitFor('the last is run', async () =>
    (await runs()).some(({ change }) => change.sha === pushed.at(-1)),
  )
  const shas = (await runs()).map(({ change }) => change.sha)
  expect(new Set(shas).size).toBe(shas.length)
})
