import type { Socket } from 'node:net'
import { Upstream, type UpstreamOwner } from './backend.ts'
import { ChunkScanner } from './chunked.ts'
import { forwardedLines } from './forwarded.ts'
import {
  hasLineFeedAlone,
  headerOf,
  pathOf,
  readRequest,
  readResponse,
  type RequestHead,
  type ResponseHead,
} from './head.ts'
import { brokenOff, lineFeedAlone, page, unknownHost } from './pages.ts'
import type { Entry, Passage, Routes } from './routes.ts'

export interface ConnectionContext {
  routes: Routes
  /** True when no request may follow the current one. */
  isClosing(): boolean
  /** Passes the connection and its unread bytes to a complete HTTP server. */
  handOver(socket: Socket, entry: Entry | null, bytes: Buffer): void
  ended(connection: Connection): void
}

const emptyLine = Buffer.from('\r\n\r\n')
/** The limit of Node's own server; a longer head is refused. */
const maxHeadLength = 16_384
/** Limit in bytes for pipelined requests that wait in memory. */
const maxWaitingBytes = 65_536
/**
 * A request that must not be sent twice only uses a connection that was active this many
 * milliseconds ago.
 */
const freshEnough = 500
const smallBody = 16_384
const mayRepeat = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The fast path: reads the heads of a client's requests one after the other and streams their
 * bodies. Everything unusual (upgrades, chunked uploads, old or unusual clients) is passed on with
 * the connection.
 */
export class Connection implements UpstreamOwner {
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #entry: Entry | null
  readonly #client: string
  /** Unread bytes of the client. */
  #waiting: Buffer | null = null
  #isOver = false
  #quietSince = performance.now()

  #request: RequestHead | null = null
  #passage: Passage | null = null
  #upstream: Upstream | null = null
  /** The head as the instance receives it, with the part of the body that arrived with it. */
  #head = ''
  #firstBody: Buffer | null = null
  #bodyLeft = 0
  #tries = 0
  /** Bytes that the connection to the instance had received before this response. */
  #bytesBefore = 0
  /** An instance accepted the request and then closed the connection. */
  #wasLost = false

  #answer: ResponseHead | null = null
  /** Bytes of a response whose head is incomplete. */
  #answerStart: Buffer | null = null
  #answerLeft = 0
  #chunks: ChunkScanner | null = null
  #closeAfter = false

  constructor(socket: Socket, entry: Entry | null, context: ConnectionContext) {
    this.#socket = socket
    this.#entry = entry
    this.#context = context
    this.#client = socket.remoteAddress ?? ''
    socket.on('data', this.#received)
    socket.on('drain', this.#clientDrained)
    socket.on('end', this.#left)
    socket.on('error', this.#left)
    socket.on('close', this.#left)
  }

  get isBusy(): boolean {
    return this.#request !== null
  }

  /**
   * Milliseconds since a request began to arrive, or since the last response; 0 while a request is
   * in progress.
   */
  quiet(now: number): number {
    return this.isBusy ? 0 : now - this.#quietSince
  }

  destroy(): void {
    this.#left()
  }

  #received = (bytes: Buffer): void => {
    if (this.#isOver) return
    let rest = bytes
    if (this.#bodyLeft > 0) {
      rest = this.#sendBody(bytes)
      if (rest.length === 0) return
    }
    this.#waiting = this.#waiting ? Buffer.concat([this.#waiting, rest]) : rest
    if (!this.isBusy) this.#readHead()
    else if (this.#waiting.length > maxWaitingBytes) this.#socket.pause()
  }

  #readHead(): void {
    const bytes = this.#waiting
    if (!bytes) return
    const end = bytes.indexOf(emptyLine)
    if (end === -1) {
      if (bytes.length > maxHeadLength) this.#handOver(bytes)
      return
    }
    const request = end > maxHeadLength ? null : readRequest(bytes.toString('latin1', 0, end + 2))
    if (!request) return this.#handOver(bytes)
    const body = end + 4 + Math.min(request.length, bytes.length - end - 4)
    this.#firstBody = body > end + 4 ? bytes.subarray(end + 4, body) : null
    this.#waiting = body < bytes.length ? bytes.subarray(body) : null
    this.#bodyLeft = request.length - (body - end - 4)
    this.#begin(request)
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket
    this.#isOver = true
    socket.off('data', this.#received)
    socket.off('drain', this.#clientDrained)
    for (const event of ['end', 'error', 'close']) socket.off(event, this.#left)
    this.#context.ended(this)
    this.#context.handOver(socket, this.#entry, bytes)
  }

  #begin(request: RequestHead): void {
    this.#request = request
    this.#tries = 0
    this.#wasLost = false
    this.#closeAfter = !request.keepAlive
    const passage = this.#context.routes.begin(this.#entry, request.host, {
      path: () => pathOf(request.kept),
      header: (name) => headerOf(request.kept, name),
    })
    if (!passage) return this.#answerPage(404, unknownHost(request.host))
    this.#passage = passage
    passage.cut = () => this.#left()
    this.#head = `${request.kept}${forwardedLines(request, this.#client)}\r\n`
    this.#dial()
  }

  #dial(): void {
    const request = this.#request as RequestHead
    const backend = this.#passage?.next() ?? null
    if (!backend) return this.#refuse()
    this.#tries += 1
    const idle =
      this.#tries > 1
        ? null
        : backend.reuse(this, mayRepeat.has(request.method) ? Infinity : freshEnough)
    this.#bytesBefore = idle?.socket.bytesRead ?? 0
    if (idle) {
      this.#upstream = idle
      return this.#send(idle)
    }
    if (this.#bodyLeft > 0) this.#socket.pause()
    this.#upstream = new Upstream(backend, this)
  }

  connected(): void {
    if (this.#upstream) this.#send(this.#upstream)
    if (this.#bodyLeft > 0) this.#socket.resume()
  }

  #send({ socket }: Upstream): void {
    if (!this.#firstBody) return void socket.write(this.#head, 'latin1')
    socket.cork()
    socket.write(this.#head, 'latin1')
    const canContinue = socket.write(this.#firstBody)
    socket.uncork()
    if (!canContinue && this.#bodyLeft > 0) this.#socket.pause()
  }

  /** Forwards the bytes that belong to the body and returns the rest. */
  #sendBody(bytes: Buffer): Buffer {
    const body = bytes.length > this.#bodyLeft ? bytes.subarray(0, this.#bodyLeft) : bytes
    this.#bodyLeft -= body.length
    if (this.#upstream && !this.#upstream.socket.write(body)) this.#socket.pause()
    return bytes.subarray(body.length)
  }

  drained(): void {
    this.#socket.resume()
  }

  #clientDrained = (): void => {
    this.#upstream?.socket.resume()
  }

  answered(bytes: Buffer): void {
    if (this.#answer) return this.#passBody(bytes, 0)
    const start = this.#answerStart ? Buffer.concat([this.#answerStart, bytes]) : bytes
    const end = start.indexOf(emptyLine)
    if (end === -1) {
      // Its empty line may be one without CR, so that no more bytes would follow.
      if (hasLineFeedAlone(start, start.length)) return this.#breakOff(lineFeedAlone)
      this.#answerStart = Buffer.from(start)
      if (start.length > 4 * maxHeadLength) this.#breakOff()
      return
    }
    this.#answerStart = null
    const answer = readResponse(start.toString('latin1', 0, end + 2), this.#request?.method ?? '')
    if (!answer && hasLineFeedAlone(start, end)) return this.#breakOff(lineFeedAlone)
    if (!answer || answer.status === 101) return this.#breakOff()
    // Interim responses (100, 103) are dropped; the final response follows.
    if (answer.status < 200)
      return start.length > end + 4 ? this.answered(start.subarray(end + 4)) : undefined
    this.#sendHead(answer, start, end + 4)
  }

  #sendHead(answer: ResponseHead, bytes: Buffer, bodyFrom: number): void {
    this.#answer = answer
    this.#answerLeft = typeof answer.body === 'number' ? answer.body : Infinity
    this.#chunks = answer.body === 'chunked' ? new ChunkScanner() : null
    if (answer.body === 'close' || this.#bodyLeft > 0 || this.#context.isClosing())
      this.#closeAfter = true
    const { cookie = null } = this.#passage ?? {}
    const begun = cookie === null ? answer.kept : `${answer.kept}set-cookie: ${cookie}\r\n`
    const head = begun + (this.#closeAfter ? 'connection: close\r\n\r\n' : '\r\n')
    const isWhole = this.#answerLeft <= bytes.length - bodyFrom
    if (isWhole && this.#answerLeft <= smallBody) {
      const end = bodyFrom + this.#answerLeft
      const whole = Buffer.allocUnsafe(head.length + end - bodyFrom)
      whole.write(head, 'latin1')
      bytes.copy(whole, head.length, bodyFrom, end)
      this.#socket.write(whole)
      return this.#finish(end === bytes.length)
    }
    this.#socket.write(head, 'latin1')
    if (bytes.length > bodyFrom) this.#passBody(bytes, bodyFrom)
  }

  #passBody(bytes: Buffer, from: number): void {
    let taken = 0
    try {
      taken = this.#chunks
        ? this.#chunks.feed(bytes, from)
        : Math.min(this.#answerLeft, bytes.length - from)
    } catch {
      return this.#breakOff()
    }
    this.#answerLeft -= taken
    const canContinue = this.#socket.write(Buffer.from(bytes.subarray(from, from + taken)))
    if (this.#chunks ? this.#chunks.isOver : this.#answerLeft === 0)
      this.#finish(from + taken === bytes.length)
    else if (!canContinue) this.#upstream?.socket.pause()
  }

  /**
   * The response is complete. The connection to the instance is kept when nothing on it is pending.
   */
  #finish(isClean: boolean): void {
    const upstream = this.#upstream
    const answer = this.#answer
    this.#upstream = null
    const bytes = (upstream?.socket.bytesRead ?? 0) - this.#bytesBefore
    if (isClean && answer?.keepAlive && this.#bodyLeft === 0) upstream?.rest()
    else upstream?.destroy()
    this.#passage?.end(answer?.status ?? 502, bytes)
    this.#next()
  }

  #next(): void {
    const isUnread = this.#bodyLeft > 0
    this.#passage = null
    this.#request = null
    this.#answer = null
    this.#chunks = null
    this.#answerStart = null
    this.#firstBody = null
    this.#bodyLeft = 0
    this.#quietSince = performance.now()
    if (this.#closeAfter) return this.#close(isUnread)
    if (this.#socket.isPaused()) this.#socket.resume()
    // Deferred, because answering many requests here would nest calls.
    if (this.#waiting) setImmediate(() => !this.#isOver && !this.isBusy && this.#readHead())
  }

  /**
   * Closing while the client still sends would discard the response, so the edge reads for a moment
   * longer.
   */
  #close(isUnread: boolean): void {
    this.#isOver = true
    this.#socket.end()
    this.#socket.resume()
    const late = setTimeout(() => this.#left(), isUnread ? 5000 : 1000)
    late.unref()
    this.#socket.once('close', () => clearTimeout(late))
  }

  lost(error: Error | null): void {
    const upstream = this.#upstream
    const request = this.#request
    if (!upstream || !request) return
    this.#upstream = null
    if (!upstream.isConnected) {
      this.#passage?.refuse()
      return this.#dial()
    }
    if (this.#answer?.body === 'close' && error === null) return this.#finish(false)
    const isUntouched =
      !this.#answer && !this.#answerStart && request.length === 0 && mayRepeat.has(request.method)
    // The instance closed an idle connection just as the request arrived, or it died: these methods
    // are safe to retry.
    if (isUntouched && this.#tries === 1) {
      this.#wasLost = !upstream.isReused
      if (this.#wasLost) this.#passage?.refuse()
      return this.#dial()
    }
    this.#breakOff()
  }

  /** No instance is left: none was tried, or all of them failed. */
  #refuse(): void {
    const passage = this.#passage as Passage
    if (this.#wasLost) return this.#breakOff()
    const { status, text } = passage.unavailable()
    this.#passage = null
    this.#answerPage(status, text)
  }

  /** The response cannot be sent or completed. */
  #breakOff(text = brokenOff): void {
    this.#upstream?.destroy()
    this.#upstream = null
    const hasHead = this.#answer !== null
    this.#passage?.breakOff()
    this.#passage = null
    if (hasHead) this.#left()
    else this.#answerPage(502, text)
  }

  #answerPage(status: number, text: string): void {
    if (this.#bodyLeft > 0 || this.#context.isClosing()) this.#closeAfter = true
    this.#socket.write(page(status, text, this.#request?.method === 'HEAD', this.#closeAfter))
    this.#next()
  }

  /** The client disconnected or was cut off. */
  #left = (): void => {
    this.#upstream?.destroy()
    this.#upstream = null
    this.#passage?.end(499, 0)
    this.#passage = null
    this.#isOver = true
    this.#socket.destroy()
    this.#context.ended(this)
  }
}
