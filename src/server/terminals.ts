import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { apiPrefix } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { type Handshake, handshakeOf, type Upgraded } from '#platform/process/upgrade.ts'
import { type AuthorizeOptions, authenticate, authorize } from './authorize.ts'
import { parse } from './parse.ts'

/** Milliseconds in which a side that was ended has to close. */
const lingerMs = 5000

/** Other protocols are refused by answering in HTTP, as if they were not asked for. */
export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket'

interface Place {
  app: string
  jobRun: number
}

export interface TerminalOptions extends AuthorizeOptions {
  openTerminal(place: Place, caller: Caller, handshake: Handshake): Promise<Upgraded>
}

/** Aborts when a caller may no longer do what they could: see `watchCaller`. */
type Watch = (request: FastifyRequest, caller: Caller) => { signal: AbortSignal; stop(): void }

/**
 * Connects WebSockets to the terminals of commands. The host speaks the protocol; the server checks
 * who connects, and passes bytes on.
 */
export function addTerminals(app: FastifyInstance, options: TerminalOptions, watch: Watch): void {
  const heads = new WeakMap<IncomingMessage, Buffer>()
  // The routes and hooks of HTTP also answer requests that ask for another protocol.
  app.server.on('upgrade', (request, socket: Socket, head) => {
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    socket.on('error', () => socket.destroy())
    heads.set(request, head)
    app.routing(request, response)
  })
  app.get(`${apiPrefix}/apps/:app/job-runs/:jobRun/terminal`, async (request, reply) => {
    const { getJobRun, runCommand } = endpoints
    const caller = await authenticate(options, request, runCommand)
    const params = parse('path', getJobRun.params, request.params) as Place
    await authorize(options, caller, runCommand, { params, query: {}, body: {} })
    const head = heads.get(request.raw)
    if (!head || !isWebSocket(request.raw))
      throw new FairleadError('not_now', { why: 'A terminal needs a WebSocket' })
    const other = await options.openTerminal(params, caller, handshakeOf(request.headers))
    reply.hijack()
    const { signal, stop } = watch(request, caller)
    const { socket } = request.raw
    socket.once('close', stop)
    tunnel(socket, head, other, signal)
    return reply
  })
}

/** Accepts the handshake with the answer of the host, and joins the two connections. */
function tunnel(socket: Socket, head: Buffer, other: Upgraded, signal: AbortSignal): void {
  const accept = String(other.headers['sec-websocket-accept'])
  const end = (): void => {
    socket.destroy()
    other.socket.destroy()
  }
  // What one side sent before it closed still reaches the other.
  const endSoon = (): void => {
    socket.end()
    other.socket.end()
    setTimeout(end, lingerMs).unref()
  }
  for (const side of [socket, other.socket]) side.once('close', endSoon).on('error', end)
  signal.addEventListener('abort', end, { once: true })
  socket.setTimeout(0)
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
      `sec-websocket-accept: ${accept}\r\n\r\n`,
  )
  socket.write(other.head)
  other.socket.write(head)
  socket.pipe(other.socket).pipe(socket)
}
