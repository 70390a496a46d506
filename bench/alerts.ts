import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import {
  endedRun,
  type Installation,
  makeRepository,
  push,
  startInstallation,
  waitFor,
} from '../test/support/installation.ts'
import { median } from './measure.ts'

const rounds = Number(process.env['BENCH_ALERTS'] ?? 5)
/** Requests a second. */
const load = 50
/** Seconds of healthy traffic before the first fault. */
const warmUp = 90

const file =
  'services: {web: {run: exec node server.js, health: /health}}\nenvironments: {production: {}}\n'
const server = `
let fails = false
require('node:http').createServer((request, response) => {
  if (request.url === '/break') fails = true
  if (request.url === '/mend') fails = false
  if (fails && request.url === '/') response.statusCode = 500
  response.end('x')
}).listen(process.env.PORT, '127.0.0.1')
`

/** Requests at a constant rate, whatever the answers are. */
function startLoad(ask: (path: string) => Promise<number>): () => void {
  const timer = setInterval(() => void ask('/').catch(() => undefined), 1000 / load)
  return () => clearInterval(timer)
}

const asker =
  (installation: Installation) =>
  (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { host: 'shop.production.localhost' }
      const sent = request({ port: installation.edgePort, path, headers }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      })
      sent.on('error', reject)
      sent.end()
    })

/**
 * From the first failed answer of a service to the message at its channel: host, detector, alert
 * and delivery together. It also prints how long Prometheus and Alertmanager take by their
 * defaults: scrape and evaluation interval of 1 min each, and 30 s of group_wait.
 */
export async function run(): Promise<void> {
  const received: { text: string; at: number }[] = []
  const channel = createServer((incoming, response) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      received.push({ text: (JSON.parse(body) as { text: string }).text, at: performance.now() })
      response.end()
    })
  })
  await new Promise<void>((resolve) => channel.listen(0, '127.0.0.1', resolve))
  const installation = await startInstallation({ database: 'embedded' })
  const repository = await makeRepository({ 'server.js': server, 'fairlead.yaml': file })
  const ask = asker(installation)
  let stop = (): void => undefined
  try {
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    const url = `http://127.0.0.1:${(channel.address() as AddressInfo).port}`
    await installation.client.putChannel({
      params: { channel: 'team' },
      body: { kind: 'slack', settings: { url } },
    })
    stop = startLoad(ask)
    await pause(warmUp * 1000)
    if (received.length > 0) throw new Error(`a false alarm: ${received[0]?.text}`)
    const delays: number[] = []
    for (let i = 0; i < rounds; i += 1) {
      await ask('/break')
      const began = performance.now()
      await waitFor('the message', async () => received.length > 2 * i, 120)
      delays.push((received.at(-1)!.at - began) / 1000)
      await ask('/mend')
      await waitFor('the end', async () => received.length === 2 * i + 2, 120)
    }
    const opened = received.filter(({ text }) => !text.startsWith('Resolved'))
    console.log(`an outage at ${load}/s, to the message: median ${median(delays).toFixed(1)} s`)
    console.log(
      `  worst of ${rounds}: ${Math.max(...delays).toFixed(1)} s; ${opened.length} messages`,
    )
    console.log('  Prometheus and Alertmanager, computed from their defaults: 30 to 150 s')
    console.log(opened[0]?.text ?? '')
  } finally {
    stop()
    channel.close()
    await installation.stop()
    await repository.remove()
  }
}
