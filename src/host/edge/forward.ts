import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { IsProxy } from '#platform/net/edge-proxies.ts'
import { ChunkScanner } from './chunked.ts'
import { hasConsoleCookie, withoutConsoleCookies } from './console-cookies.ts'
import { Exchange, type ExchangeClient } from './exchange.ts'
import { type Client, clientAddress, forwardedLines, isClaim, isHttps } from './forwarded.ts'
import { authority, pairsOf, pairsOfLines, type ResponseHead, withoutPadding } from './head.ts'
import { cutOff } from './linger.ts'
import { endPage } from './pages.ts'
import { RequestBody } from './request-body.ts'
import type { RequestFacts } from './route.ts'
import type { Passage } from './passage.ts'
import { beneath } from './tls.ts'

/** Headers that belong to one connection (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
])
/** Headers that HTTP/1.0 does not know. */
const isOfChunks = /^(?:transfer-encoding|trailer)$/i
const nothing = Buffer.alloc(0)
/** Headers that the edge sets. */
const isOurs = /^x-forwarded-(?:for|proto|host)$/i
const isOfProxy = ([name]: [string, string]): boolean => isClaim(name.toLowerCase())

/**
 * The complete path: any HTTP/1 request through Node's parser, streamed in both directions with
 * backpressure.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
  isClosing: () => boolean,
): void {
  new Forwarding(request, response, passage.added, isClosing).start(passage)
}

class Forwarding implements ExchangeClient {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #added: Passage['added']
  readonly #isClosing: () => boolean
  readonly #exchange = new Exchange(this)
  #body: RequestBody | null = null
  readonly #hasBody: boolean
  /** The end of the connection ends the response. */
  #isEndless = false
  #decoder: ChunkScanner | null = null
  /** The client waits for 100 before it sends the body; HTTP/1.0 does not know that. */
  #awaitsContinue: boolean

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    added: Passage['added'],
    isClosing: () => boolean,
  ) {
    this.#request = request
    this.#response = response
    this.#added = added
    this.#isClosing = isClosing
    this.#hasBody = hasBody(request)
    this.#awaitsContinue = awaitsContinue(request)
  }

  start(passage: Passage): void {
    passage.cut = () => this.cut()
    if (this.#hasBody)
      this.#body = new RequestBody(this.#request, this.#exchange, {
        isChunked: this.#request.headers['transfer-encoding'] !== undefined,
        limit: passage.rules?.body ?? Infinity,
        trailers: () => this.#request.rawTrailers,
      })
    this.#response.on('close', () => this.#exchange.abort())
    this.#response.on('drain', () => this.#exchange.continueDownload())
    const { method = 'GET', url = '/' } = this.#request
    const coding = this.#request.headers['transfer-encoding']
    const lines = [
      ...pairsOf(requestHeaders(this.#request, passage.proxies)),
      ...(this.#awaitsContinue ? [['expect', '100-continue']] : []),
      ...(coding === undefined ? [] : [['transfer-encoding', coding]]),
    ].map(([name, value]) => `${name}: ${value}\r\n`)
    this.#exchange.begin(passage, {
      method,
      head: `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`,
      firstBody: null,
      hasBody: this.#hasBody,
    })
  }

  get isUploading(): boolean {
    return this.#body?.isUploading ?? false
  }

  holdUpload(): void {
    this.#request.pause()
  }

  continueUpload(): void {
    if (this.#body) this.#body.continue()
    else this.#request.resume()
  }

  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean {
    const response = this.#response
    const isOld = this.#request.httpVersion === '1.0'
    this.#isEndless = answer.body === 'close' || (isOld && answer.body === 'chunked')
    // Node's server closes a connection whose client still waits for 100.
    const isLast = this.#isEndless || this.isUploading || this.#awaitsContinue || this.#isClosing()
    if (isLast) response.shouldKeepAlive = false
    if (answer.body === 'chunked')
      this.#decoder = new ChunkScanner((data) => response.write(Buffer.from(data)))
    const { reason, headers } = partsOf(answer.kept)
    const kept = [...headers, ...this.#added].filter(([name]) => !isOld || !isOfChunks.test(name))
    writeHead(response, answer.status, reason, kept, isOld)
    // Node sends a head with the first data, and bytes of a chunked body may contain none.
    // `flushHeaders` would send the head in UTF-8.
    const canContinue = response.write(nothing)
    return to > from ? this.pass(bytes, from, to) : canContinue
  }

  interim(status: number, head: string): void {
    if (status === 100 && this.#awaitsContinue) {
      this.#awaitsContinue = false
      this.#response.writeContinue()
    } else if (this.#request.httpVersion !== '1.0') this.#response.socket?.write(head, 'latin1')
  }

  pass(bytes: Buffer, from: number, to: number): boolean {
    const body = bytes.subarray(from, to)
    if (!this.#decoder) return this.#response.write(Buffer.from(body))
    this.#decoder.feed(body, 0)
    return !this.#response.writableNeedDrain
  }

  complete(): void {
    const trailers = pairsOfLines(this.#decoder?.trailers ?? '')
    if (trailers.length > 0) this.#response.addTrailers(trailers)
    this.#response.end()
    // What is left of the body is read and dropped, so that the client receives the response.
    if (this.isUploading) this.#request.resume()
  }

  refuse(status: number, text: string): void {
    const isLast = this.#hasBody || this.#awaitsContinue || this.#isClosing()
    endPage(this.#response, status, text, isLast)
    if (this.isUploading) this.#request.resume()
  }

  cut(): void {
    this.#exchange.abort()
    const { socket } = this.#response
    if (!socket || !this.#response.headersSent) return void this.#response.destroy()
    // Node sends what was written in this turn at its end.
    socket.uncork()
    cutOff(socket, this.#isEndless)
  }
}

/**
 * Writes a head as it is: Node adds neither a date nor `keep-alive`, except for HTTP/1.0, whose
 * clients need it.
 */
function writeHead(
  response: ServerResponse,
  status: number,
  reason: string,
  headers: [string, string][],
  isOld: boolean,
): void {
  for (const name of ['date', 'connection', 'transfer-encoding']) response.removeHeader(name)
  if (!response.shouldKeepAlive) headers.push(['connection', 'close'])
  else if (isOld) headers.push(['connection', 'keep-alive'])
  response.writeHead(status, reason, headers.flat())
}

/** Returns whether a request announces a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Returns whether the client waits for 100 (Continue) before it sends the body. */
export const awaitsContinue = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.expect !== undefined && httpVersion !== '1.0'

/**
 * Returns whether a request can be forwarded: it has one Host (RFC 9112 §3.2), and a path of
 * visible characters. An absolute address as its target becomes its path, and the Host header is
 * replaced by the host of the address (RFC 9112 §3.2.2).
 */
export function isForwardable(request: IncomingMessage): boolean {
  const { rawHeaders, headers } = request
  const hosts = rawHeaders.flatMap((name, i) => (i % 2 === 0 && /^host$/i.test(name) ? [i] : []))
  const [at] = hosts
  if (at === undefined || hosts.length > 1) return false
  const [, host, path = ''] = absoluteTarget.exec(request.url ?? '') ?? []
  // Without a path, OPTIONS asks for the server as a whole, like `OPTIONS *`.
  if (host !== undefined && (path !== '' || request.method !== 'OPTIONS')) {
    request.url = path.startsWith('/') ? path : `/${path}`
    headers.host = rawHeaders[at + 1] = host
  }
  return authority.test(headers.host ?? '') && /^\/[!-~\x80-\xff]*$/.test(request.url ?? '')
}

const absoluteTarget = /^https?:\/\/([^/?#]+)([/?#].*)?$/i

/** What is needed of a request, in whatever version of HTTP it came. */
export type PlainRequest = Pick<
  IncomingMessage,
  'method' | 'url' | 'headers' | 'rawHeaders' | 'socket'
>

/** Request headers to forward, as a flat list of names and values. */
export function requestHeaders(
  request: PlainRequest,
  proxies: IsProxy | null,
  kept: (name: string) => boolean = () => false,
): string[] {
  const all = headersToForward(request.rawHeaders, kept)
  const headers = all.filter((one) => !isOfProxy(one)).flatMap(withoutOurCookies)
  const claims = all.filter((one) => isOfProxy(one) && !isOurs.test(one[0]))
  const { header } = requestFactsOf(request, proxies)
  const way = {
    authority: request.headers.host ?? '',
    forwardedFor: header('x-forwarded-for'),
    forwardedProto: header('x-forwarded-proto'),
    forwardedHost: header('x-forwarded-host'),
    claims: claims.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
  }
  return [
    ...headers.flat(),
    ...pairsOfLines(forwardedLines(way, clientOf(request.socket), proxies)).flat(),
  ]
}

/** A Cookie header without the cookies of the console; none when it has no other. */
function withoutOurCookies([name, value]: [string, string]): [string, string][] {
  if (!/^cookie$/i.test(name) || !hasConsoleCookie(value)) return [[name, value]]
  const kept = withoutConsoleCookies(value)
  return kept === '' ? [] : [[name, kept]]
}

/** The headers of a message without those of its connection, unless they are `kept`. */
export function headersToForward(
  rawHeaders: string[],
  kept: (name: string) => boolean,
): [string, string][] {
  const headers = pairsOf(rawHeaders).map(
    ([name, value]) => [name, value, name.toLowerCase()] as const,
  )
  const listed = new Set(
    headers
      .filter(([, , lower]) => lower === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(','))
      .map(withoutPadding),
  )
  return headers
    .filter(([, , lower]) => kept(lower) || (!hopByHop.has(lower) && !listed.has(lower)))
    .map(([name, value]) => [name, value])
}

/** The parts of a request that decide its route. */
export function requestFactsOf(request: PlainRequest, proxies: IsProxy | null): RequestFacts {
  const header = (name: string): string =>
    pairsOf(request.rawHeaders)
      .filter(([one]) => one.toLowerCase() === name)
      .map(([, value]) => value)
      .join(name === 'cookie' ? '; ' : ', ')
  return {
    path: () => request.url ?? '/',
    header,
    isHttps: () => isHttps(header('x-forwarded-proto'), clientOf(request.socket), proxies),
    client: () => clientAddress(header('x-forwarded-for'), clientOf(request.socket), proxies),
    length: () => Number(request.headers['content-length'] ?? 0),
    method: () => request.method ?? 'GET',
  }
}

/** The client of a connection. */
export const clientOf = (socket: Socket): Client => ({
  address: beneath(socket).remoteAddress ?? '',
  isSecure: socket instanceof TLSSocket,
})

/** Reason phrase and headers of a response head. */
function partsOf(kept: string): { reason: string; headers: [string, string][] } {
  const end = kept.indexOf('\r\n')
  return {
    reason: kept.slice('HTTP/1.1 200 '.length, end),
    headers: pairsOfLines(kept.slice(end + 2)),
  }
}
