import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { hasConsoleCookie, withoutConsoleCookies } from './console-cookies.ts'
import { forwardedLines } from './forwarded.ts'
import { authority } from './head.ts'
import { brokenOff, endPage, lineFeedAlone, malformed } from './pages.ts'
import type { RequestFacts, Passage } from './routes.ts'

/** Headers that belong to one connection (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])
const mayRepeat = new Set(['GET', 'HEAD', 'OPTIONS'])
/** The connection failed before anything reached the instance. */
const nothingSent = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'])
/** undici refuses to send the request. */
const notSendable = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])
/** undici's error has no code for a header line that ends without CR, only this message. */
const missesCr = ({ message }: Error): boolean => message.includes('Missing expected CR')
const lost = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * The complete path: any HTTP/1 request through Node's parser and undici's, streamed in both
 * directions with backpressure.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
  isClosing: () => boolean,
): void {
  let isOver = false
  let bytes = 0
  let tries = 0
  let wasLost = false
  let controller: Dispatcher.DispatchController | null = null
  const hasBody =
    request.headers['content-length'] !== undefined ||
    request.headers['transfer-encoding'] !== undefined
  const finish = (status: number): void => {
    if (isOver) return
    isOver = true
    passage.end(status, bytes)
  }
  const abandon = (): void => {
    if (isOver) return
    finish(499)
    controller?.abort(new Error('the client has gone'))
    response.destroy()
  }
  const fail = (text = brokenOff): void => {
    if (isOver) return
    isOver = true
    passage.breakOff()
    if (response.headersSent) response.destroy()
    else endPage(response, 502, text)
  }
  const refuse = (): void => {
    isOver = true
    passage.discard()
    endPage(response, 400, malformed)
  }
  passage.cut = abandon
  response.on('close', abandon)
  response.on('drain', () => controller?.resume())

  const attempt = (): void => {
    const backend = passage.next()
    if (!backend && wasLost) return fail()
    if (!backend) {
      isOver = true
      const { status, text } = passage.unavailable()
      return endPage(response, status, text)
    }
    tries += 1
    const options: Dispatcher.DispatchOptions = {
      path: request.url ?? '/',
      method: request.method as Dispatcher.HttpMethod,
      headers: requestHeaders(request),
      body: hasBody ? request : null,
    }
    backend.pool.dispatch(options, {
      onRequestStart: (started) => {
        controller = started
        if (isOver) started.abort(new Error('the client has gone'))
      },
      onResponseStart: (_controller, status, headers) => {
        if (status < 200) return
        if (isClosing()) response.shouldKeepAlive = false
        response.writeHead(status, withCookie(responseHeaders(headers), passage.cookie))
        response.flushHeaders()
      },
      onResponseData: (started, chunk) => {
        bytes += chunk.length
        if (!response.write(chunk)) started.pause()
      },
      onResponseEnd: () => {
        finish(response.statusCode)
        response.end()
      },
      onResponseError: (_controller, error) => {
        if (isOver) return
        // The client left in the middle of its body.
        if (!request.complete && request.socket.destroyed) return abandon()
        const { code = '' } = error as NodeJS.ErrnoException
        if (notSendable.has(code)) return refuse()
        if (missesCr(error)) return fail(lineFeedAlone)
        wasLost = !nothingSent.has(code)
        const isUntouched = !response.headersSent && !hasBody && mayRepeat.has(request.method ?? '')
        if (wasLost && !(lost.has(code) && isUntouched && tries === 1)) return fail()
        passage.refuse()
        attempt()
      },
    })
  }
  attempt()
}

/**
 * Returns whether a request can be forwarded: it has one Host (RFC 9112 §3.2) and a path or an
 * absolute address as its target.
 */
export function isForwardable(request: IncomingMessage): boolean {
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name))
  const target = request.url ?? ''
  return (
    hosts.length === 1 &&
    authority.test(request.headers.host ?? '') &&
    (target.startsWith('/') || /^https?:\/\/[^/?#]/i.test(target))
  )
}

/** Request headers to forward, as a flat list of names and values. */
export function requestHeaders(
  request: IncomingMessage,
  kept: (name: string) => boolean = () => false,
): string[] {
  const { rawHeaders } = request
  const headers: string[] = []
  const listed = new Set(
    request.headers.connection
      ?.toLowerCase()
      .split(',')
      .map((one) => one.trim()),
  )
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    const isDropped = (hopByHop.has(lower) || listed.has(lower)) && !kept(lower)
    if (isDropped || /^x-forwarded-(for|proto|host)$/.test(lower)) continue
    const value = rawHeaders[i + 1] ?? ''
    const sent =
      lower === 'cookie' && hasConsoleCookie(value) ? withoutConsoleCookies(value) : value
    if (sent !== '' || value === '') headers.push(name, sent)
  }
  const way = {
    authority: request.headers.host ?? '',
    forwardedFor: textOf(request.headers['x-forwarded-for']),
    forwardedProto: textOf(request.headers['x-forwarded-proto']),
    forwardedHost: textOf(request.headers['x-forwarded-host']),
  }
  for (const line of forwardedLines(way, request.socket.remoteAddress ?? '')
    .trimEnd()
    .split('\r\n')) {
    const colon = line.indexOf(': ')
    headers.push(line.slice(0, colon), line.slice(colon + 2))
  }
  return headers
}

const textOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(', ') : (value ?? '')

/** The parts of a request that decide its route. */
export const requestFactsOf = (request: IncomingMessage): RequestFacts => ({
  path: () => request.url ?? '/',
  header: (name) => textOf(request.headers[name]),
})

export function withCookie(headers: Record<string, string | string[]>, cookie: string | null) {
  return cookie === null
    ? headers
    : { ...headers, 'set-cookie': [headers['set-cookie'] ?? [], cookie].flat() }
}

/** Response headers to forward. */
export function responseHeaders(headers: Record<string, string | string[] | undefined>) {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string | string[]] =>
        header[1] !== undefined && !hopByHop.has(header[0]),
    ),
  )
}
