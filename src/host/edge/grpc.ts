import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { connect as dial } from 'node:net'
import { type Address, socketOf } from '../address.ts'
import { type PlainRequest, requestHeaders } from './forward.ts'
import { pairsOf, pairsOfLines } from './head.ts'
import { answerPage, headersOf, respond, sendTrailers } from './http2-request.ts'
import { brokenOff, notAllowed, tooLarge, tooSlow } from './pages.ts'
import type { Passage } from './passage.ts'

/** Whether a request is one of gRPC, which needs HTTP/2 up to the service. */
export const isGrpc = (headers: IncomingHttpHeaders): boolean =>
  /^application\/grpc(?:$|[+;])/i.test(headers['content-type'] ?? '')

/** Milliseconds after which an idle connection is closed. */
const maxIdleMs = 60_000

/**
 * The codes of gRPC that are errors of the server, by the conventions of OpenTelemetry: UNKNOWN,
 * DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
 */
const serverErrors = new Set(['2', '4', '12', '13', '14', '15'])

/** The status by which a call is counted: 500 for an error of the server. */
export const countedStatus = (status: number, code: string | undefined): number =>
  code !== undefined && serverErrors.has(code) ? 500 : status

type SessionOf = (address: Address) => ClientHttp2Session

/** The connections to instances, each for many calls. */
function createSessions(): SessionOf {
  const sessions = new Map<Address, ClientHttp2Session>()
  return (address) => {
    const known = sessions.get(address)
    if (known && !known.closed && !known.destroyed) return known
    const session = connect('http://localhost', {
      createConnection: () => dial({ ...socketOf(address), noDelay: true }),
    })
    const forget = (): void => {
      if (sessions.get(address) === session) sessions.delete(address)
    }
    session.on('error', forget)
    session.on('goaway', forget)
    session.once('close', forget)
    session.setTimeout(maxIdleMs, () => session.close())
    session.unref()
    sessions.set(address, session)
    return session
  }
}

/**
 * Returns what forwards a call of gRPC: in HTTP/2 without TLS (RFC 9113 §3.3), with its trailers. A
 * connection that is refused is tried at another instance.
 */
export function createGrpc() {
  const sessionOf = createSessions()
  return (stream: ServerHttp2Stream, request: PlainRequest, passage: Passage): void =>
    new Call(stream, request, passage, sessionOf).start()
}

class Call {
  readonly #stream: ServerHttp2Stream
  readonly #request: PlainRequest
  readonly #passage: Passage
  readonly #sessionOf: SessionOf
  #sent: ClientHttp2Stream | null = null
  #isOver = false
  #isCut = false
  /** Bytes of the request, and of the answer. */
  #sentBytes = 0
  #bytes = 0
  #status = 502
  /** The code of gRPC. */
  #code: string | undefined
  #trailers: [string, string][] = []

  constructor(
    stream: ServerHttp2Stream,
    request: PlainRequest,
    passage: Passage,
    sessionOf: SessionOf,
  ) {
    this.#stream = stream
    this.#request = request
    this.#passage = passage
    this.#sessionOf = sessionOf
  }

  start(): void {
    const passage = this.#passage
    passage.cut = () => {
      this.#end(() => passage.end(499, this.#bytes))
      this.#cut()
    }
    passage.wait = (now) => {
      const limit = passage.rules?.timeout ?? Infinity
      if (!this.#stream.headersSent && now - passage.began > limit) this.#stop(504, tooSlow)
    }
    this.#stream.on('drain', () => this.#sent?.resume())
    this.#stream.on('wantTrailers', () => {
      if (!this.#isCut) sendTrailers(this.#stream, headersOf(this.#trailers))
    })
    this.#stream.once('close', () => {
      this.#end(() => passage.end(499, this.#bytes))
      this.#sent?.close(constants.NGHTTP2_CANCEL)
    })
    this.#dial()
  }

  #dial(): void {
    const backend = this.#passage.next()
    if (!backend) {
      const { status, text } = this.#passage.unavailable()
      return this.#end(() => answerPage(this.#stream, status, text))
    }
    const sent = this.#ask(backend.address)
    if (sent === null) return this.#refused()
    this.#sent = sent
    let isConnected = false
    const ready = (): void => {
      isConnected = true
      this.#stream.pipe(sent)
      this.#stream.on('data', (data: Buffer) => this.#limit(data.length))
    }
    // On an open connection, it is ready at once.
    if (sent.pending) sent.once('ready', ready)
    else ready()
    sent.on('data', (data: Buffer) => {
      this.#bytes += data.length
      if (!this.#stream.write(data)) sent.pause()
    })
    sent.on('response', (headers, flags, raw) => this.#answered(headers, flags, namesOf(raw)))
    sent.on('trailers', (headers, _flags, raw) => {
      this.#code = headers['grpc-status'] as string | undefined
      this.#trailers = namesOf(raw)
    })
    sent.on('error', () => undefined)
    sent.once('close', () => (isConnected ? this.#closed(sent.rstCode) : this.#refused()))
  }

  /** Begins the call at an instance; null when its connection takes no more calls. */
  #ask(address: Address): ClientHttp2Stream | null {
    try {
      return this.#sessionOf(address).request(this.#head(), { endStream: false })
    } catch {
      return null
    }
  }

  #refused(): void {
    if (this.#isOver) return
    this.#passage.refuse()
    this.#dial()
  }

  #answered(headers: IncomingHttpHeaders, flags: number, pairs: [string, string][]): void {
    if (this.#isOver || this.#stream.destroyed) return
    const status = Number(headers[':status' as keyof IncomingHttpHeaders] ?? 502)
    this.#status = status
    this.#code = headers['grpc-status'] as string | undefined
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const edited = editedPairs(this.#passage, status, [...pairs, ...this.#passage.added])
    const head = { ':status': status, ...headersOf(edited) }
    const options = { endStream: isWhole, waitForTrailers: !isWhole }
    if (!respond(this.#stream, head, options)) this.#stop(502, notAllowed)
  }

  /** The stream to the instance is closed: the call is complete, or it broke off. */
  #closed(code: number | undefined): void {
    if (this.#isOver) return
    if (code === constants.NGHTTP2_NO_ERROR && this.#stream.headersSent)
      return this.#end(() => {
        this.#passage.end(countedStatus(this.#status, this.#code), this.#bytes)
        if (!this.#stream.writableEnded) this.#stream.end()
      })
    this.#end(() => this.#passage.breakOff())
    if (this.#stream.headersSent) this.#cut()
    else answerPage(this.#stream, 502, brokenOff)
  }

  /** Counts the bytes of the request, which no header announces. */
  #limit(length: number): void {
    this.#sentBytes += length
    if (this.#sentBytes > (this.#passage.rules?.body ?? Infinity)) this.#stop(413, tooLarge)
  }

  #stop(status: number, text: string): void {
    if (this.#isOver) return
    this.#end(() => this.#passage.end(status, this.#bytes))
    this.#sent?.close(constants.NGHTTP2_CANCEL)
    answerPage(this.#stream, status, text)
  }

  #cut(): void {
    this.#isCut = true
    this.#sent?.close(constants.NGHTTP2_CANCEL)
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  #end(finish: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    finish()
  }

  /** The headers of the call as the service gets them. */
  #head(): Record<string, string | string[]> {
    const { method = '', url = '' } = this.#request
    const kept = requestHeaders(this.#request, this.#passage.proxies, (name) => name === 'te')
    const lines = linesOf(pairsOf(kept))
    const head = this.#passage.headFor(`${method} ${url} HTTP/1.1\r\n${lines}\r\n`)
    const { host, ...headers } = headersOf(pairsOfLines(head.slice(head.indexOf('\r\n') + 2, -2)))
    const pseudo = {
      ':method': method,
      ':path': head.split(' ', 2)[1] ?? url,
      ':authority': [host ?? ''].flat().join(),
      ':scheme': 'http',
    }
    return { ...pseudo, ...headers }
  }
}

/** The names and values of a message without its pseudo-headers. */
const namesOf = (raw: unknown): [string, string][] =>
  pairsOf(raw as string[]).filter(([name]) => !name.startsWith(':'))

const linesOf = (pairs: [string, string][]): string =>
  pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** The headers of an answer after the rules of the environment. */
function editedPairs(
  passage: Passage,
  status: number,
  pairs: [string, string][],
): [string, string][] {
  const edit = passage.rules?.response
  if (!edit) return pairs
  const edited = edit(`HTTP/1.1 ${status} \r\n${linesOf(pairs)}`)
  return pairsOfLines(edited.slice(edited.indexOf('\r\n') + 2))
}
