import { type IncomingMessage, request as connect } from 'node:http'
import type { Socket } from 'node:net'
import { socketOf } from '../address.ts'
import { headersToForward, requestHeaders } from './forward.ts'
import { pairsOfLines } from './head.ts'
import { brokenOff, lineFeedAlone, page } from './pages.ts'
import type { Passage } from './passage.ts'

const isPartOfUpgrade = (name: string): boolean => name === 'connection' || name === 'upgrade'
/** Node's error has no better sign of a header line that ends without CR. */
const missesCr = ({ message }: Error): boolean => message.includes('Missing expected CR')

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
  let isLost = false
  const finish = (status: number): void => {
    if (isOver) return
    isOver = true
    passage.end(status, 0)
  }
  const edited = (text: string): string => passage.rules?.response?.(text) ?? text
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
      ...socketOf(backend.address),
      agent: false,
      method: request.method,
      path: passage.pathFor(request.url ?? '/'),
      headers: headersFor(passage, requestHeaders(request, passage.proxies, isPartOfUpgrade)),
      maxHeaderSize: 65_536,
    })
    let isConnected = false
    sent.on('socket', (socket) => socket.once('connect', () => (isConnected = true)))
    client.on('close', () => sent.destroy())
    sent.on('error', (error) => {
      if (isOver) return
      if (!isConnected) {
        passage.refuse()
        return attempt()
      }
      isOver = true
      passage.breakOff()
      client.end(page(502, missesCr(error) ? lineFeedAlone : brokenOff, false, true))
    })
    sent.on('information', ({ statusCode, statusMessage, rawHeaders }) => {
      if (request.httpVersion === '1.0') return
      const answer = { statusCode, statusMessage, rawHeaders }
      client.write(`${headText(answer, [], false)}\r\n`, 'latin1')
    })
    sent.on('upgrade', (answer, upstream, first) => {
      passage.answered(101)
      tunnel(client, upstream as Socket, edited(headText(answer, passage.added, true)), head, first)
      upstream.on('close', () => finish(101))
    })
    // The service declined the upgrade: forward its response and close, because the following bytes
    // are ambiguous.
    sent.on('response', (answer) => {
      isLost = false
      answer.on('error', () => (isLost = true))
      answer.on('close', () => {
        if (isLost && !isOver) passage.breakOff()
        else finish(answer.statusCode ?? 502)
        isOver = true
        if (isLost) client.destroy()
      })
      client.write(`${edited(headText(answer, passage.added, false))}connection: close\r\n\r\n`)
      answer.pipe(client)
    })
    sent.end()
  }
  attempt()
}

/** The headers of a request as the service gets them. */
function headersFor(passage: Passage, flat: string[]): string[] {
  const lines = flat.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
  const head = passage.headFor(`GET / HTTP/1.1\r\n${lines}\r\n`)
  return pairsOfLines(head.slice(head.indexOf('\r\n') + 2, -2)).flat()
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
  client.write(`${answer}\r\n`, 'latin1')
  if (first.length > 0) client.write(first)
  if (head.length > 0) upstream.write(head)
  upstream.pipe(client)
  client.pipe(upstream)
  upstream.on('error', () => client.destroy())
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => client.destroySoon())
}

type Head = Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'rawHeaders'>

function headText(answer: Head, added: Passage['added'], isUpgrade: boolean): string {
  const headers = headersToForward(answer.rawHeaders, (name) => isUpgrade && isPartOfUpgrade(name))
  const lines = [...headers, ...added].map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}\r\n${lines.join('')}`
}
