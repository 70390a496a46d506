import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher, Pool } from 'undici'

export interface Upstream {
  port: number
  pool: Pool
}

export interface ForwardEnd {
  /** the answer was given, or the client has gone (499) */
  ended(status: number): void
  /** nothing reached the instance: another may be tried */
  refused(): void
}

/** Headers that belong to one connection and not to the request (RFC 9110 §7.6.1). */
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

const mayRepeat = (request: IncomingMessage): boolean =>
  request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS'

/**
 * Sends a request to an instance and streams the answer back, both ways at the pace of the slower side. It speaks undici's
 * core handler with raw headers: parsing them into objects and back cost a third of the throughput.
 */
export function forward(request: IncomingMessage, response: ServerResponse, upstream: Upstream, end: ForwardEnd): void {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  let abort: ((error?: Error) => void) | null = null
  let resume: (() => void) | null = null
  let isOver = false
  const finish = (status: number): void => {
    if (isOver) return
    isOver = true
    response.off('close', abandoned)
    end.ended(status)
  }
  const abandoned = (): void => {
    abort?.(new Error('the client has gone'))
    finish(499)
  }
  const go = (): void => resume?.()
  response.on('close', abandoned)
  const handler: CoreHandler = {
    onConnect: (stop) => {
      abort = stop
    },
    onHeaders: (status, raw, again) => {
      if (status < 200) return true
      resume = again
      response.on('drain', go)
      response.writeHead(status, answerHeaders(raw, response))
      // An answer whose body is late (an event stream) must not keep its headers back.
      setImmediate(() => response.flushHeaders())
      return true
    },
    onData: (chunk) => response.write(chunk),
    onComplete: () => {
      response.off('close', abandoned)
      response.end()
      finish(response.statusCode)
    },
    onError: (error: NodeJS.ErrnoException) => {
      if (isOver) return
      const nothingSent = error.code === 'ECONNREFUSED' || error.code === 'UND_ERR_CONNECT_TIMEOUT'
      const lost = error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
      if (!response.headersSent && (nothingSent || (lost && mayRepeat(request) && !hasBody))) {
        isOver = true
        response.off('close', abandoned)
        return end.refused()
      }
      breakOff(response)
      finish(502)
    },
  }
  upstream.pool.dispatch(
    { path: request.url ?? '/', method: request.method as Dispatcher.HttpMethod, headers: forwardedHeaders(request), body: hasBody ? request : null },
    handler as Dispatcher.DispatchHandler,
  )
}

/** The part of undici's core handler that is used here. */
interface CoreHandler {
  onConnect(abort: (error?: Error) => void): void
  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean
  onData(chunk: Buffer): boolean
  onComplete(): void
  onError(error: Error): void
}

function breakOff(response: ServerResponse): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8', 'x-fairlead': 'edge' })
  response.end('The service broke off without an answer.\n')
}

/** Names and values in turn, as they came, without those of the connection. */
function answerHeaders(raw: Buffer[], response: ServerResponse): string[] {
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]?.toString('latin1') ?? ''
    if (!hopByHop.has(name.toLowerCase())) headers.push(name, raw[i + 1]?.toString('latin1') ?? '')
  }
  if (response.hasHeader('connection')) headers.push('connection', 'close')
  return headers
}

function forwardedHeaders(request: IncomingMessage): string[] {
  const { rawHeaders } = request
  const headers: string[] = []
  const listed = request.headers.connection?.toLowerCase().split(/\s*,\s*/) ?? []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || listed.includes(lower) || lower.startsWith('x-forwarded-')) continue
    headers.push(name, rawHeaders[i + 1] ?? '')
  }
  const before = request.headers['x-forwarded-for']
  const client = request.socket.remoteAddress ?? ''
  headers.push('x-forwarded-for', before ? `${String(before)}, ${client}` : client)
  headers.push('x-forwarded-proto', 'http', 'x-forwarded-host', request.headers.host ?? '')
  return headers
}
