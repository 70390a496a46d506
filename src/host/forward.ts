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

/** Sends a request to an instance and streams the answer back, both ways at the pace of the slower side. */
export function forward(request: IncomingMessage, response: ServerResponse, upstream: Upstream, end: ForwardEnd): void {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  let controller: Dispatcher.DispatchController | null = null
  let isOver = false
  const finish = (status: number): void => {
    if (isOver) return
    isOver = true
    response.off('close', abandoned)
    response.off('drain', resume)
    end.ended(status)
  }
  const abandoned = (): void => {
    controller?.abort(new Error('the client has gone'))
    finish(499)
  }
  const resume = (): void => controller?.resume()
  response.on('close', abandoned)
  response.on('drain', resume)
  upstream.pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method as Dispatcher.HttpMethod,
      headers: forwardedHeaders(request),
      body: hasBody ? request : null,
    },
    {
      onRequestStart: (started) => {
        controller = started
      },
      onResponseStart: (_controller, status, headers) => {
        if (status < 200) return
        for (const [name, value] of Object.entries(headers)) {
          if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, value)
        }
        response.writeHead(status)
        response.flushHeaders()
      },
      onResponseData: (started, chunk) => {
        if (!response.write(chunk)) started.pause()
      },
      onResponseEnd: () => {
        const status = response.statusCode
        response.off('close', abandoned)
        response.end()
        finish(status)
      },
      onResponseError: (_controller, error) => {
        if (isOver) return
        const code = (error as NodeJS.ErrnoException).code
        const nothingSent = code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT'
        const lost = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
        if (!response.headersSent && (nothingSent || (lost && mayRepeat(request) && !hasBody))) {
          isOver = true
          response.off('close', abandoned)
          response.off('drain', resume)
          return end.refused()
        }
        if (response.headersSent) response.destroy()
        else {
          response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8', 'x-fairlead': 'edge' })
          response.end('The service broke off without an answer.\n')
        }
        finish(502)
      },
    },
  )
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
