import type { IncomingMessage, Server } from 'node:http'

/** Milliseconds for the headers of a request, and between two checks of that. */
export const headerLimits = { headersTimeout: 15_000, connectionsCheckingInterval: 2000 }

/**
 * Milliseconds without a byte in either direction after which a connection is closed. Event streams
 * send a heartbeat more often.
 */
export const idleMs = 600_000

/** Connections at the same time, in total and from one address. */
const connections = { all: 4000, ofAddress: 1000 }

/**
 * Limits the connections of a server, so that one client cannot take all of them. Behind proxies,
 * every connection comes from their addresses, so only the total is limited.
 */
export function limitConnections(
  server: Server,
  isBehindProxy: boolean,
  limits: { all: number; ofAddress: number } = connections,
): void {
  server.maxConnections = limits.all
  if (isBehindProxy) return
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (open.get(address) ?? 0) + 1
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
    if (count > limits.ofAddress) socket.destroy()
  })
}

/** The time that a body has to arrive: a number of milliseconds, and more for what has arrived. */
const bodyLimits = { graceMs: 20_000, bytesPerSecond: 64 * 1024, everyMs: 1000 }

/**
 * Closes the connection of a sender whose body arrives too slowly. A push to the git remote may
 * pause longer, and takes as long as git needs after its last byte.
 */
export function limitBody(
  raw: IncomingMessage,
  isPush: boolean,
  { graceMs, bytesPerSecond, everyMs }: typeof bodyLimits = bodyLimits,
): void {
  const { socket, headers } = raw
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody) return
  if (isPush) return void raw.once('end', () => socket.setTimeout(0))
  const [began, before] = [performance.now(), socket.bytesRead]
  const timer = setInterval(() => {
    const allowed = graceMs + ((socket.bytesRead - before) / bytesPerSecond) * 1000
    if (performance.now() - began > allowed) raw.destroy()
  }, everyMs)
  for (const event of ['end', 'close']) raw.once(event, () => clearInterval(timer))
}
