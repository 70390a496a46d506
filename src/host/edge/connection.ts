import type { Socket } from 'node:net'
import { Exchange, type ExchangeClient } from './exchange.ts'
import { clientOf } from './forward.ts'
import { type Client, clientAddress, forwardedLines, isHttps } from './forwarded.ts'
import {
  headerOf,
  mayBecomeRequest,
  pathOf,
  readRequest,
  type RequestHead,
  type ResponseHead,
} from './head.ts'
import { cutOff, linger, lingerMs } from './linger.ts'
import { type Guest, Progress, type Wait } from './guests.ts'
import { type Page, page } from './pages.ts'
import { Passage } from './passage.ts'
import type { Entry } from './route.ts'
import type { Routes } from './routes.ts'

export interface ConnectionContext {
  routes: Routes
  /** True when no request may follow the current one, to a port of an environment. */
  isClosing(entry: Entry | null): boolean
  /** Passes the connection and its unread bytes to a complete HTTP server. */
  handOver(socket: Socket, entry: Entry | null, bytes: Buffer): void
  ended(connection: Connection): void
}

const emptyLine = Buffer.from('\r\n\r\n')
/** The limit of Node's own server; a longer head is refused. */
const maxHeadLength = 16_384
/** Limit in bytes for pipelined requests that wait in memory. */
const maxWaitingBytes = 65_536
const smallBody = 16_384

/**
 * The fast path: reads the heads of a client's requests one after the other and streams their
 * bodies. Everything unusual (upgrades, chunked uploads, old or unusual clients) is passed on with
 * the connection.
 */
export class Connection implements ExchangeClient, Guest {
  readonly socket: Socket
  readonly #context: ConnectionContext
  readonly entry: Entry | null
  readonly #client: Client
  readonly #exchange = new Exchange(this)
  /** Unread bytes of the client. */
  #waiting: Buffer | null = null
  #isOver = false
  #quietSince = performance.now()
  /** When the first part of an incomplete head was read. */
  #headSince: number | null = null
  readonly #progress = new Progress()

  #request: RequestHead | null = null
  #bodyLeft = 0
  /** Headers of the response besides those of the service. */
  #added: Passage['added'] = []
  #closeAfter = false
  /** The end of the connection ends the response. */
  #isEndless = false

  constructor(socket: Socket, entry: Entry | null, context: ConnectionContext) {
    this.socket = socket
    this.entry = entry
    this.#context = context
    this.#client = clientOf(socket)
    socket.on('data', this.#received)
    socket.on('drain', this.#drained)
    socket.on('end', this.#left)
    socket.on('error', this.#left)
    socket.on('close', this.#left)
  }

  get isBusy(): boolean {
    return this.#request !== null
  }

  waits(now: number): Wait {
    const { read, sent } = this.#progress.sample(this.socket, now)
    if (!this.isBusy)
      return this.#headSince === null
        ? { for: 'request', ms: now - this.#quietSince }
        : { for: 'head', ms: now - this.#headSince }
    if (sent > 0) return { for: 'reading', ms: sent }
    const isWaiting = this.isUploading && !this.socket.isPaused()
    return isWaiting ? { for: 'body', ms: read } : { for: 'service', ms: 0 }
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
    else if (this.#waiting.length > maxWaitingBytes) this.socket.pause()
  }

  #readHead(): void {
    const bytes = this.#waiting
    if (!bytes) return
    const end = bytes.indexOf(emptyLine)
    if (end === -1) {
      this.#headSince ??= performance.now()
      if (bytes.length > maxHeadLength || !mayBecomeRequest(bytes)) this.#handOver(bytes)
      return
    }
    const request = end > maxHeadLength ? null : readRequest(bytes.toString('latin1', 0, end + 2))
    if (!request) return this.#handOver(bytes)
    const body = end + 4 + Math.min(request.length, bytes.length - end - 4)
    this.#waiting = body < bytes.length ? bytes.subarray(body) : null
    this.#bodyLeft = request.length - (body - end - 4)
    this.#begin(request, body > end + 4 ? bytes.subarray(end + 4, body) : null)
  }

  #handOver(bytes: Buffer): void {
    const socket = this.socket
    this.#isOver = true
    socket.off('data', this.#received)
    socket.off('drain', this.#drained)
    for (const event of ['end', 'error', 'close']) socket.off(event, this.#left)
    this.#context.ended(this)
    this.#context.handOver(socket, this.entry, bytes)
  }

  #begin(request: RequestHead, firstBody: Buffer | null): void {
    this.#request = request
    this.#headSince = null
    this.#closeAfter = !request.keepAlive
    const facts = {
      path: () => pathOf(request.kept),
      header: (name: string) => headerOf(request.whole, name),
      isHttps: () => isHttps(request.forwardedProto, this.#client, this.#context.routes.proxies),
      client: () => clientAddress(request.forwardedFor, this.#client, this.#context.routes.proxies),
      length: () => request.length,
      method: () => request.method,
    }
    const stored = this.#isSimple(request)
      ? this.#context.routes.fromMemory(this.entry, request.host, {
          ...facts,
          authority: request.authority,
        })
      : null
    if (stored) {
      this.socket.write(stored)
      return this.complete()
    }
    const passage = this.#context.routes.begin(this.entry, request.host, facts)
    if (!(passage instanceof Passage)) return this.refuse(passage.status, passage.page)
    passage.cut = () => this.cut()
    this.#added = passage.added
    this.#exchange.begin(passage, {
      method: request.method,
      head: `${request.kept}${forwardedLines(request, this.#client, passage.proxies)}\r\n`,
      firstBody,
      hasBody: request.length > 0,
    })
  }

  /** A reader that does not read gets no more from memory: nothing would bound what waits. */
  #isSimple({ method, length }: RequestHead): boolean {
    const isOpen = !this.#closeAfter && !this.#context.isClosing(this.entry)
    return method === 'GET' && length === 0 && isOpen && !this.socket.writableNeedDrain
  }

  get isUploading(): boolean {
    return this.#bodyLeft > 0
  }

  holdUpload(): void {
    this.socket.pause()
  }

  continueUpload(): void {
    if (this.socket.isPaused()) this.socket.resume()
  }

  /** Forwards the bytes that belong to the body and returns the rest. */
  #sendBody(bytes: Buffer): Buffer {
    const body = bytes.length > this.#bodyLeft ? bytes.subarray(0, this.#bodyLeft) : bytes
    this.#bodyLeft -= body.length
    if (!this.#exchange.write(body)) this.socket.pause()
    return bytes.subarray(body.length)
  }

  #drained = (): void => {
    this.#exchange.continueDownload()
  }

  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean {
    this.#isEndless = answer.body === 'close'
    if (this.#isEndless || this.isUploading || this.#context.isClosing(this.entry))
      this.#closeAfter = true
    let added = ''
    for (const [name, value] of this.#added) added += `${name}: ${value}\r\n`
    const head = `${answer.kept}${added}${this.#closeAfter ? 'connection: close\r\n' : ''}\r\n`
    if (to - from > smallBody) {
      this.socket.write(head, 'latin1')
      return this.pass(bytes, from, to)
    }
    const both = Buffer.allocUnsafe(head.length + to - from)
    both.write(head, 'latin1')
    bytes.copy(both, head.length, from, to)
    return this.socket.write(both)
  }

  interim(_status: number, head: string): void {
    this.socket.write(head, 'latin1')
  }

  pass(bytes: Buffer, from: number, to: number): boolean {
    return this.socket.write(Buffer.from(bytes.subarray(from, to)))
  }

  complete(): void {
    const { isUploading } = this
    this.#request = null
    this.#bodyLeft = 0
    this.#quietSince = performance.now()
    if (this.#closeAfter) return this.#close(isUploading)
    this.continueUpload()
    // Deferred, because answering many requests here would nest calls.
    if (this.#waiting) setImmediate(() => !this.#isOver && !this.isBusy && this.#readHead())
  }

  #close(isUploading: boolean): void {
    this.#isOver = true
    linger(this.socket, lingerMs(isUploading))
  }

  refuse(status: number, text: string | Page): void {
    const { length = 0, method = '' } = this.#request ?? {}
    if (length > 0 || this.#context.isClosing(this.entry)) this.#closeAfter = true
    this.socket.write(page(status, text, method === 'HEAD', this.#closeAfter))
    this.complete()
  }

  cut(): void {
    this.#exchange.abort()
    this.#isOver = true
    cutOff(this.socket, this.#isEndless)
  }

  /** The client disconnected or was cut off. */
  #left = (): void => {
    this.#isOver = true
    this.#exchange.abort()
    this.socket.destroy()
    this.#context.ended(this)
  }
}
