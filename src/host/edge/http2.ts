import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { requestFactsOf } from './forward.ts'
import { createGrpc, isGrpc } from './grpc.ts'
import { type Guest, type Guests, Progress, type Wait } from './guests.ts'
import { hostName } from './head.ts'
import { answerPage, Http2Request, plainRequest } from './http2-request.ts'
import { expectation, malformed } from './pages.ts'
import { Passage } from './passage.ts'
import type { Routes } from './routes.ts'
import { beneath } from './tls.ts'

/** The requests that a client may have in progress on one connection. */
const maxStreams = 100
/** Limits of the headers of a request: their bytes and their number. */
const limits = { maxHeaderListSize: 65_536, maxHeaderListPairs: 1000 }
/** Megabytes that a connection may hold: what waits for slow readers, for all of its streams. */
const maxSessionMemory = 32

/** A connection with HTTP/2 (RFC 9113). */
class Http2Guest implements Guest {
  readonly socket: TLSSocket
  readonly entry = null
  readonly #session: ServerHttp2Session
  /** The requests in progress, and whether each may pause while it is sent. */
  readonly #streams = new Map<ServerHttp2Stream, boolean>()
  readonly #progress = new Progress()
  #quietSince = performance.now()

  constructor(socket: TLSSocket, session: ServerHttp2Session) {
    this.socket = socket
    this.#session = session
  }

  waits(now: number): Wait {
    const streams = [...this.#streams]
    const writableLength = streams.reduce((sum, [stream]) => sum + stream.writableLength, 0)
    const { bytesRead } = beneath(this.socket)
    const { read, sent } = this.#progress.sample({ bytesRead, writableLength }, now)
    if (streams.length === 0) return { for: 'request', ms: now - this.#quietSince }
    if (sent > 0) return { for: 'reading', ms: sent }
    const isUploading = streams.every(
      ([stream, mayPause]) => !mayPause && !stream.readableEnded && !stream.isPaused(),
    )
    return isUploading ? { for: 'body', ms: read } : { for: 'service', ms: 0 }
  }

  add(stream: ServerHttp2Stream, mayPause: boolean, ended: () => void): void {
    this.#streams.set(stream, mayPause)
    stream.once('close', () => {
      this.#streams.delete(stream)
      this.#quietSince = performance.now()
      ended()
    })
  }

  destroy(): void {
    this.#session.destroy()
    this.socket.destroy()
  }
}

/** Serves the connections that chose HTTP/2. Each stream is a request of its own. */
export function createHttp2(routes: Routes, guests: Guests, isClosing: () => boolean) {
  const forwardGrpc = createGrpc()
  const serve = (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    hasBody: boolean,
    [rawHeaders, socket]: [string[], TLSSocket],
  ): void => {
    const request = plainRequest(headers, rawHeaders, socket)
    if (!request) return answerPage(stream, 400, malformed)
    const { expect } = headers
    if (expect !== undefined && expect.toLowerCase() !== '100-continue')
      return answerPage(stream, 417, expectation)
    const facts = requestFactsOf(request, routes.proxies)
    const passage = routes.begin(null, hostName(request.headers.host ?? ''), facts)
    if (!(passage instanceof Passage)) return answerPage(stream, passage.status, passage.page)
    if (isGrpc(headers)) forwardGrpc(stream, request, passage)
    else new Http2Request(stream, request, passage, hasBody).start()
  }
  return {
    take: (socket: TLSSocket): void => {
      const session = performServerHandshake(socket, {
        settings: { maxConcurrentStreams: maxStreams, ...limits },
        maxHeaderListPairs: limits.maxHeaderListPairs,
        maxSessionMemory,
        strictSingleValueFields: false,
      })
      const guest = new Http2Guest(socket, session)
      guests.add(guest)
      session.on('error', () => guest.destroy())
      session.once('close', () => guests.remove(guest))
      socket.once('close', () => guests.remove(guest))
      session.on('stream', (stream, headers, flags, rawHeaders) => {
        stream.on('error', () => undefined)
        // After a handover, the connection takes no more requests.
        guest.add(stream, isGrpc(headers), () => isClosing() && session.close())
        const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0
        serve(stream, headers, hasBody, [rawHeaders as unknown as string[], socket])
      })
    },
  }
}
