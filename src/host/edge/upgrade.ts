import { type IncomingMessage, request as connect } from 'node:http'
import type { Socket } from 'node:net'
import { requestHeaders, responseHeaders, withCookie } from './forward.ts'
import { brokenOff, page } from './pages.ts'
import type { Passage } from './routes.ts'

const isPartOfUpgrade = (name: string): boolean => name === 'connection' || name === 'upgrade'

/**
 * Forwards a WebSocket: the handshake as a request, then bytes in both directions until either side
 * ends.
 */
export function forwardUpgrade(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  passage: Passage,
): void {
  let isOver = false
  const finish = (status: number): void => {
    if (isOver) return
    isOver = true
    passage.end(status, 0)
  }
  passage.cut = () => {
    finish(499)
    client.destroy()
  }
  client.on('close', () => finish(499))

  const attempt = (): void => {
    const backend = passage.next()
    if (!backend) {
      isOver = true
      const { status, text } = passage.unavailable()
      return void client.end(page(status, text, false, true))
    }
    const sent = connect({
      host: '127.0.0.1',
      port: backend.port,
      agent: false,
      method: request.method,
      path: request.url,
      headers: requestHeaders(request, isPartOfUpgrade),
    })
    let isConnected = false
    sent.on('socket', (socket) => socket.once('connect', () => (isConnected = true)))
    client.on('close', () => sent.destroy())
    sent.on('error', () => {
      if (isOver) return
      if (!isConnected) {
        passage.refuse()
        return attempt()
      }
      isOver = true
      passage.breakOff()
      client.end(page(502, brokenOff, false, true))
    })
    sent.on('upgrade', (answer, upstream, first) => {
      passage.answered(101)
      tunnel(client, upstream as Socket, headText(answer, passage.cookie, true), head, first)
      upstream.on('close', () => finish(101))
    })
    // The service declined the upgrade: forward its response and close, because the following bytes
    // are ambiguous.
    sent.on('response', (answer) => {
      finish(answer.statusCode ?? 502)
      client.write(`${headText(answer, passage.cookie, false)}connection: close\r\n\r\n`)
      answer.pipe(client)
    })
    sent.end()
  }
  attempt()
}

function tunnel(
  client: Socket,
  upstream: Socket,
  answer: string,
  head: Buffer,
  first: Buffer,
): void {
  client.setNoDelay(true)
  upstream.setNoDelay(true)
  client.write(`${answer}\r\n`)
  if (first.length > 0) client.write(first)
  if (head.length > 0) upstream.write(head)
  upstream.pipe(client)
  client.pipe(upstream)
  upstream.on('error', () => client.destroy())
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => client.destroySoon())
}

function headText(answer: IncomingMessage, cookie: string | null, isUpgrade: boolean): string {
  const own = withCookie(responseHeaders(answer.headers), cookie)
  const kept = isUpgrade ? { ...answer.headers, ...own } : own
  const lines = Object.entries(kept).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}\r\n`),
  )
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}\r\n${lines.join('')}`
}
