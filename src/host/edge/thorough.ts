import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { awaitsContinue, forward, hasBody, isForwardable, requestFactsOf } from './forward.ts'
import { type Guest, type Guests, Progress, type Wait } from './guests.ts'
import { hostName } from './head.ts'
import { linger, lingerMs } from './linger.ts'
import { endPage, expectation, malformed, page, type EdgeAnswer } from './pages.ts'
import type { Entry } from './route.ts'
import { Passage } from './passage.ts'
import type { Routes } from './routes.ts'
import { forwardUpgrade } from './upgrade.ts'

/** Pipelined requests that wait before the edge stops reading the connection. */
const maxWaiting = 16

type Serve = (taken: Taken, request: IncomingMessage, response: ServerResponse) => void

/**
 * A connection that Node's server reads. Its requests are served one after the other; Node's server
 * would run pipelined ones together.
 */
class Taken implements Guest {
  readonly entry: Entry | null
  readonly socket: Socket
  readonly #serve: Serve
  readonly #guests: Guests
  #open = 0
  #quietSince = performance.now()
  /** Bytes that had arrived when the last request ended. */
  #quietBytes = 0
  #headSince: number | null = null
  readonly #progress = new Progress()
  #current: [IncomingMessage, ServerResponse] | null = null
  #latest: IncomingMessage | null = null
  #waiting: (() => void)[] = []
  #isHeld = false
  #isEnding = false

  constructor(socket: Socket, entry: Entry | null, serve: Serve, guests: Guests) {
    this.socket = socket
    this.entry = entry
    this.#serve = serve
    this.#guests = guests
    // Node's server would close at once after the last response, while the client still sends.
    socket.destroySoon = () => this.#end()
  }

  waits(now: number): Wait {
    const { read, sent } = this.#progress.sample(this.socket, now)
    if (this.#open === 0) return this.#waitsForRequest(now)
    if (sent > 0) return { for: 'reading', ms: sent }
    const [request] = this.#current ?? []
    const isWaiting = request && !request.complete && !request.isPaused()
    return isWaiting ? { for: 'body', ms: read } : { for: 'service', ms: 0 }
  }

  #waitsForRequest(now: number): Wait {
    if (this.socket.bytesRead === this.#quietBytes)
      return { for: 'request', ms: now - this.#quietSince }
    this.#headSince ??= now
    return { for: 'head', ms: now - this.#headSince }
  }

  destroy(): void {
    this.#guests.remove(this)
    this.socket.destroy()
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    this.#open += 1
    this.#latest = request
    response.once('close', () => this.#closed())
    this.#waiting.push(() => {
      this.#current = [request, response]
      this.#serve(this, request, response)
    })
    if (this.#open === 1) this.#next()
    if (this.#waiting.length < maxWaiting) return
    this.#isHeld = true
    this.socket.pause()
  }

  /** The connection carries a WebSocket from now on. */
  upgraded(): void {
    this.#open += 1
  }

  #next(): void {
    // Behind a response that broke off, nobody would receive an answer.
    if (!this.#isEnding && this.socket.writable) this.#waiting.shift()?.()
  }

  #closed(): void {
    this.#open -= 1
    this.#quietSince = performance.now()
    this.#quietBytes = this.socket.bytesRead
    this.#headSince = null
    this.#current = null
    this.#next()
    if (!this.#isHeld || this.#waiting.length >= maxWaiting) return
    this.#isHeld = false
    this.socket.resume()
  }

  /** The client sent bytes that are not HTTP. Complete requests before them are answered first. */
  refuse(status: number): void {
    if (this.#isEnding) return
    const end = (): void => {
      if (!this.socket.writable) return
      this.socket.write(page(status, malformed, false, true))
      this.#end()
    }
    const [request, response] = this.#current ?? []
    if (response && request === this.#latest && !request?.complete)
      return endPage(response, status, malformed, true)
    if (this.#latest?.complete === false) this.#waiting.pop()
    if (this.#open === 0) end()
    else this.#waiting.push(end)
  }

  #end(): void {
    this.#isEnding = true
    linger(this.socket, lingerMs(this.#latest?.complete === false))
  }
}

/**
 * Node's HTTP server for connections that need complete HTTP support. It does not listen; it
 * receives connections.
 */
export function createThorough(
  routes: Routes,
  guests: Guests,
  isClosing: (entry: Entry | null) => boolean,
) {
  const all = new Map<Socket, Taken>()
  const passageOf = (request: IncomingMessage, entry: Entry | null): Passage | EdgeAnswer =>
    routes.begin(
      entry,
      hostName(request.headers.host ?? ''),
      requestFactsOf(request, routes.proxies),
    )
  const serve: Serve = ({ entry }, request, response) => {
    const { expect } = request.headers
    if (!isForwardable(request)) return endPage(response, 400, malformed, true)
    if (expect !== undefined && expect.toLowerCase() !== '100-continue')
      return endPage(response, 417, expectation, true)
    const passage = passageOf(request, entry)
    if (passage instanceof Passage) {
      return forward(request, response, passage, () => isClosing(entry))
    }
    const isLast = hasBody(request) || awaitsContinue(request) || isClosing(entry)
    endPage(response, passage.status, passage.page, isLast)
  }
  const add = (request: IncomingMessage, response: ServerResponse): void =>
    all.get(request.socket)?.add(request, response)
  const server: HttpServer = createHttpServer({
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    // Other upgrades (h2c) may be ignored; the request is then a plain one.
    shouldUpgradeCallback: (request) =>
      request.method === 'GET' &&
      request.headers.upgrade?.toLowerCase() === 'websocket' &&
      !hasBody(request),
  })
  // The length of a head is limited; with a limit of headers, Node would drop some of them.
  server.maxHeadersCount = 0
  server.on('request', add)
  // The service decides about an expectation: Node's server would send 100 by itself.
  server.on('checkContinue', add)
  server.on('checkExpectation', add)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { code = '' } = error
    // A client that announced the end of its requests is answered; more bytes are ignored.
    if (code === 'HPE_CLOSED_CONNECTION') return
    if (!code.startsWith('HPE_')) return void socket.destroy()
    all.get(socket as Socket)?.refuse(code === 'HPE_HEADER_OVERFLOW' ? 431 : 400)
  })
  server.on('connect', (_request, socket) => socket.end(page(400, malformed, false, true)))
  server.on('upgrade', (request: IncomingMessage, stream, head) => {
    const socket = stream as Socket
    const taken = all.get(socket)
    socket.on('error', () => socket.destroy())
    if (!taken) return void socket.destroy()
    taken.upgraded()
    if (!isForwardable(request)) return void socket.end(page(400, malformed, false, true))
    const passage = passageOf(request, taken.entry)
    if (passage instanceof Passage) forwardUpgrade(request, socket, head, passage)
    else socket.end(page(passage.status, passage.page, false, true))
  })
  return {
    take: (socket: Socket, entry: Entry | null, bytes: Buffer | null): void => {
      const taken = new Taken(socket, entry, serve, guests)
      all.set(socket, taken)
      guests.add(taken)
      socket.once('close', () => {
        all.delete(socket)
        guests.remove(taken)
      })
      server.emit('connection', socket)
      if (bytes) socket.unshift(bytes)
    },
  }
}
