import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import { ChunkScanner } from './chunked.ts'
import { Exchange, type ExchangeClient } from './exchange.ts'
import { type PlainRequest, requestHeaders } from './forward.ts'
import { authority, pairsOf, pairsOfLines, type ResponseHead } from './head.ts'
import { notAllowed, type Page, pageParts } from './pages.ts'
import { RequestBody } from './request-body.ts'
import type { Passage } from './passage.ts'

/** Headers that HTTP/2 does not allow besides those that a head loses anyway (RFC 9113 §8.2.2). */
const isOfConnection =
  /^(?:transfer-encoding|trailer|http2-settings|upgrade|connection|keep-alive|proxy-connection)$/i
const token = /^[\w!#$%&'*+\-.^`|~]+$/

/**
 * A stream of HTTP/2 as the request of HTTP/1.1 that it stands for (RFC 9113 §8.3.1): the authority
 * is its Host header, and cookies that came apart are one header again. Null when it is none.
 */
export function plainRequest(
  headers: IncomingHttpHeaders,
  rawHeaders: string[],
  socket: Socket,
): PlainRequest | null {
  const { ':method': method = '', ':path': url = '' } = headers
  const host = headers[':authority'] ?? headers.host ?? ''
  if (!token.test(method) || method === 'CONNECT') return null
  if (!authority.test(host) || !/^\/[!-~\x80-\xff]*$/.test(url)) return null
  const own = pairsOf(rawHeaders).filter(([name]) => !name.startsWith(':') && name !== 'host')
  const cookies = own.filter(([name]) => name === 'cookie').map(([, value]) => value)
  const all: [string, string][] = [
    ['host', host],
    ...own.filter(([name]) => name !== 'cookie'),
    ...(cookies.length === 0 ? [] : [['cookie', cookies.join('; ')] satisfies [string, string]]),
  ]
  return { method, url, rawHeaders: all.flat(), headers: { ...headers, host }, socket }
}

/** Names and values as Node's HTTP/2 takes them. */
export function headersOf(pairs: [string, string][]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [given, value] of pairs) {
    const name = given.toLowerCase()
    if (isOfConnection.test(name) || (name === 'te' && value !== 'trailers')) continue
    const before = headers[name]
    headers[name] = before === undefined ? value : [...[before].flat(), value]
  }
  return headers
}

/** Sends a head; false when HTTP/2 does not allow it, such as one with the status 999. */
export function respond(
  stream: ServerHttp2Stream,
  headers: OutgoingHttpHeaders,
  options: ServerStreamResponseOptions,
): boolean {
  try {
    stream.respond(headers, options)
    return true
  } catch {
    return false
  }
}

/** Sends trailers, or breaks the answer off when HTTP/2 does not allow them. */
export function sendTrailers(stream: ServerHttp2Stream, trailers: OutgoingHttpHeaders): void {
  try {
    stream.sendTrailers(trailers)
  } catch {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

/** A page of the edge as the answer to a stream. */
export function answerPage(
  stream: ServerHttp2Stream,
  status: number,
  content: string | Page,
): void {
  if (stream.destroyed || stream.headersSent) return stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  const { headers, text } = pageParts(content)
  stream.respond({ ':status': status, ...headersOf(headers) })
  // The answer to HEAD has ended.
  if (!stream.writableEnded) stream.end(text)
}

/** A request of HTTP/2, which a service gets in HTTP/1.1. */
export class Http2Request implements ExchangeClient {
  readonly #stream: ServerHttp2Stream
  readonly #request: PlainRequest
  readonly #passage: Passage
  readonly #exchange = new Exchange(this)
  readonly #hasBody: boolean
  readonly #isChunked: boolean
  readonly #body: RequestBody | null
  #isCut = false
  #trailers: string[] = []
  #decoder: ChunkScanner | null = null

  constructor(
    stream: ServerHttp2Stream,
    request: PlainRequest,
    passage: Passage,
    hasBody: boolean,
  ) {
    this.#stream = stream
    this.#request = request
    this.#passage = passage
    this.#hasBody = hasBody
    this.#isChunked = hasBody && request.headers['content-length'] === undefined
    const options = {
      isChunked: this.#isChunked,
      limit: passage.rules?.body ?? Infinity,
      trailers: () => this.#trailers,
    }
    this.#body = hasBody ? new RequestBody(stream, this.#exchange, options) : null
  }

  start(): void {
    const passage = this.#passage
    const { method = '', url = '', headers } = this.#request
    passage.cut = () => this.cut()
    this.#stream.on('close', () => this.#exchange.abort())
    this.#stream.on('drain', () => this.#exchange.continueDownload())
    this.#stream.on('trailers', (_headers, _flags, raw: string[]) => (this.#trailers = raw))
    if (headers.expect?.toLowerCase() === '100-continue' && this.#hasBody)
      this.#stream.additionalHeaders({ ':status': 100 })
    const lines = pairsOf(requestHeaders(this.#request, passage.proxies)).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const coding = this.#isChunked ? 'transfer-encoding: chunked\r\n' : ''
    this.#exchange.begin(passage, {
      method,
      head: `${method} ${url} HTTP/1.1\r\n${lines.join('')}${coding}\r\n`,
      firstBody: null,
      hasBody: this.#hasBody,
    })
  }

  get isUploading(): boolean {
    return this.#body?.isUploading ?? false
  }

  holdUpload(): void {
    this.#stream.pause()
  }

  continueUpload(): void {
    if (this.#body) this.#body.continue()
    else this.#stream.resume()
  }

  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean {
    const stream = this.#stream
    if (answer.body === 'chunked')
      this.#decoder = new ChunkScanner((data) => stream.write(Buffer.from(data)))
    const lines = answer.kept.slice(answer.kept.indexOf('\r\n') + 2)
    const headers = headersOf([...pairsOfLines(lines), ...this.#passage.added])
    const options = {
      endStream: answer.body === 0,
      // Without trailers to wait for, Node would end the stream before it breaks it off.
      waitForTrailers: answer.body !== 0,
    }
    stream.on('wantTrailers', () => this.#sendTrailers())
    if (!respond(stream, { ':status': answer.status, ...headers }, options))
      return this.#exchange.stop(502, notAllowed)
    return to > from ? this.pass(bytes, from, to) : true
  }

  interim(status: number, head: string): void {
    if (status === 100 || this.#stream.destroyed) return
    const headers = headersOf(pairsOfLines(head.slice(head.indexOf('\r\n') + 2, -2)))
    try {
      this.#stream.additionalHeaders({ ':status': status, ...headers })
    } catch {
      // An interim answer is only a hint.
    }
  }

  pass(bytes: Buffer, from: number, to: number): boolean {
    const body = bytes.subarray(from, to)
    if (!this.#decoder) return this.#stream.write(Buffer.from(body))
    this.#decoder.feed(body, 0)
    return !this.#stream.writableNeedDrain
  }

  #sendTrailers(): void {
    if (this.#isCut) return
    sendTrailers(this.#stream, headersOf(pairsOfLines(this.#decoder?.trailers ?? '')))
  }

  complete(): void {
    if (!this.#stream.writableEnded) this.#stream.end()
    // What is left of the body is read and dropped, so that the client receives the response.
    if (this.isUploading) this.#stream.resume()
  }

  refuse(status: number, text: string | Page): void {
    answerPage(this.#stream, status, text)
    if (this.isUploading) this.#stream.resume()
  }

  cut(): void {
    this.#isCut = true
    this.#exchange.abort()
    if (!this.#stream.headersSent) return answerPage(this.#stream, 502, notAllowed)
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}
