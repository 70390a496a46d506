import { type IncomingHttpHeaders, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { FairleadError } from '#contract/errors.ts'

/** The headers of the handshake of a WebSocket. */
export type Handshake = Record<string, string>

/** The other side after a handshake. */
export interface Upgraded {
  socket: Duplex
  /** what it has sent already */
  head: Buffer
  headers: IncomingHttpHeaders
}

// Without extensions, such as compression, which the answer would have to name, too.
const names = ['sec-websocket-version', 'sec-websocket-key']

/** The headers that pass the handshake of a WebSocket on. */
export function handshakeOf(headers: IncomingHttpHeaders): Handshake {
  const known = names.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return { connection: 'Upgrade', upgrade: 'websocket', ...Object.fromEntries(known) }
}

interface Upgrading {
  socketPath: string
  path: string
  headers: Handshake
  /** turns the body of a refusal into an error */
  readError(status: number, text: string): Error
}

/** Makes the handshake of a WebSocket at a Unix socket, and leaves its messages to the caller. */
export function upgrade({ readError, ...options }: Upgrading): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const away = (): void => reject(new FairleadError('unavailable', { what: 'The host' }))
    const sent = request({ ...options, timeout: 10_000 })
    sent.once('upgrade', ({ headers }, socket, head) => resolve({ socket, head, headers }))
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', away)
      response.on('end', () => reject(readError(response.statusCode ?? 500, text)))
    })
    sent.once('timeout', () => sent.destroy())
    sent.once('error', away)
    sent.end()
  })
}
