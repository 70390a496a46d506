import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import { Pool } from 'undici'
import { forward, type Upstream } from './forward.ts'
import { forwardUpgrade } from './upgrade.ts'

/** What the edge knows of an environment: the release with the traffic, and where its services answer. */
export interface EdgeRoute {
  app: string
  environment: string
  /** the host name of the environment; services besides the first answer at `<service>.<host>` */
  host: string
  port: number | null
  release: number | null
  services: { name: string; ports: number[] }[]
}

export interface RouteCount {
  requests: number
  errors: number
  unavailable: number
}

export interface Edge {
  set(route: EdgeRoute): void
  remove(app: string, environment: string): void
  /** Waits until no request of a release is under way, at most so long; then cuts what is left (WebSockets). */
  drain(app: string, environment: string, release: number, graceMs: number): Promise<void>
  counts(): (EdgeRoute & RouteCount & { problem: string | null })[]
  /** Listens on the edge's port, or takes sockets over from a host before. */
  listen(port: number, handed: Map<string, NetServer>): Promise<void>
  /** The listening sockets by name, to hand to the next host. */
  sockets(): Map<string, NetServer>
  /** Takes nothing new, waits for what is under way. */
  close(graceMs: number): Promise<void>
}

interface Entry {
  route: EdgeRoute
  count: RouteCount
  listener: Server | null
  problem: string | null
}

/** The requests under way of one release, and the pools to its instances. */
interface Traffic {
  open: number
  sockets: Set<Socket>
  pools: Map<number, Pool>
  next: number
}

/** The reverse proxy in front of the services of this machine. A change of route is one assignment: no request falls between. */
export function createEdge(log: (message: string, fields?: Record<string, unknown>) => void): Edge {
  const entries = new Map<string, Entry>()
  const hosts = new Map<string, Entry>()
  const traffic = new Map<string, Traffic>()
  let main: Server | null = null
  let handedSockets = new Map<string, NetServer>()
  let closing = false

  const keyOf = (route: Pick<EdgeRoute, 'app' | 'environment'>): string => `${route.app}/${route.environment}`
  const trafficOf = (route: EdgeRoute, release: number): Traffic => {
    const key = `${keyOf(route)}/${release}`
    let found = traffic.get(key)
    if (!found) traffic.set(key, (found = { open: 0, sockets: new Set(), pools: new Map(), next: 0 }))
    return found
  }

  /** An instance for a request, past those that refused it; null when there is none. */
  const choose = (entry: Entry, host: string, refused: Set<number>): (Upstream & { traffic: Traffic }) | null => {
    const { route } = entry
    if (route.release === null) return null
    const name = host.endsWith(`.${route.host}`) ? host.slice(0, -route.host.length - 1) : null
    const service = name === null ? route.services[0] : route.services.find((one) => one.name === name)
    const ports = service?.ports.filter((port) => !refused.has(port)) ?? []
    if (ports.length === 0) return null
    const mine = trafficOf(route, route.release)
    mine.next = (mine.next + 1) % 1_000_000
    const port = ports[mine.next % ports.length] ?? 0
    let pool = mine.pools.get(port)
    if (!pool)
      mine.pools.set(
        port,
        (pool = new Pool(`http://127.0.0.1:${port}`, {
          connections: 256,
          pipelining: 1,
          keepAliveTimeout: 4000,
          headersTimeout: 0,
          bodyTimeout: 0,
        })),
      )
    return { port, pool, traffic: mine }
  }

  const answer = (entry: Entry | null, request: IncomingMessage, response: ServerResponse): void => {
    if (closing) response.setHeader('connection', 'close')
    const host = hostOf(request)
    const found = entry ?? findHost(hosts, host)
    if (!found)
      return plain(
        response,
        404,
        `No environment answers at ${host || 'this address'}. Known are:\n${[...hosts.keys()].sort().join('\n')}\n`,
      )
    const { count, route } = found
    count.requests += 1
    const refused = new Set<number>()
    const attempt = (): void => {
      const upstream = choose(found, host, refused)
      if (!upstream) {
        count.unavailable += 1
        const what = route.release === null ? 'Nothing is deployed' : 'No instance answers'
        return plain(response, route.release === null ? 503 : 502, `${what} in ${route.environment} of ${route.app}.\n`)
      }
      upstream.traffic.open += 1
      forward(request, response, upstream, {
        ended: (status) => {
          upstream.traffic.open -= 1
          if (status >= 500) count.errors += 1
        },
        refused: () => {
          upstream.traffic.open -= 1
          refused.add(upstream.port)
          attempt()
        },
      })
    }
    attempt()
  }

  const upgrade = (entry: Entry | null, request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const host = hostOf(request)
    const found = entry ?? findHost(hosts, host)
    const upstream = found && choose(found, host, new Set())
    if (!found || !upstream) return void socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n')
    found.count.requests += 1
    upstream.traffic.open += 1
    upstream.traffic.sockets.add(socket)
    socket.once('close', () => {
      upstream.traffic.open -= 1
      upstream.traffic.sockets.delete(socket)
    })
    forwardUpgrade(request, socket, head, upstream.port)
  }

  const makeServer = (entry: Entry | null): Server => {
    const server = createServer(
      { keepAliveTimeout: 65_000, requestTimeout: 0, headersTimeout: 60_000 },
      (request, response) => answer(entry, request, response),
    )
    server.on('upgrade', (request, socket, head) => upgrade(entry, request, socket as Socket, head))
    server.on(
      'clientError',
      (_error, socket) => socket.writable && socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
    )
    return server
  }

  const openPort = (entry: Entry): void => {
    const { port } = entry.route
    if (port === null || entry.listener) return
    const server = makeServer(entry)
    entry.listener = server
    const handed = handedSockets.get(String(port))
    handedSockets.delete(String(port))
    server.once('error', (error) => {
      entry.problem = `the port ${port} cannot be opened: ${error.message}`
      entry.listener = null
      log('a fixed port cannot be opened; it is tried again', { port, error: error.message })
      setTimeout(() => entries.get(keyOf(entry.route)) === entry && !closing && openPort(entry), 1000).unref()
    })
    server.listen(...listenArguments(handed, port), () => (entry.problem = null))
  }

  const closePort = (entry: Entry): void => {
    entry.listener?.close()
    entry.listener = null
  }

  return {
    set: (route) => {
      const key = keyOf(route)
      const known = entries.get(key)
      const entry: Entry = known ?? {
        route,
        count: { requests: 0, errors: 0, unavailable: 0 },
        listener: null,
        problem: null,
      }
      if (known && known.route.port !== route.port) closePort(known)
      if (known && known.route.host !== route.host) hosts.delete(known.route.host)
      entry.route = route
      entries.set(key, entry)
      hosts.set(route.host, entry)
      if (main) openPort(entry)
    },
    remove: (app, environment) => {
      const entry = entries.get(`${app}/${environment}`)
      if (!entry) return
      closePort(entry)
      hosts.delete(entry.route.host)
      entries.delete(`${app}/${environment}`)
    },
    drain: async (app, environment, release, graceMs) => {
      const key = `${app}/${environment}/${release}`
      const mine = traffic.get(key)
      if (!mine) return
      const until = performance.now() + graceMs
      while (mine.open > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10))
      for (const socket of mine.sockets) socket.destroy()
      traffic.delete(key)
      await Promise.all([...mine.pools.values()].map((pool) => pool.destroy()))
    },
    counts: () => [...entries.values()].map(({ route, count, problem }) => ({ ...route, ...count, problem })),
    listen: async (port, handed) => {
      handedSockets = handed
      const server = makeServer(null)
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(...listenArguments(handed.get('edge'), port), resolve)
      })
      main = server
      for (const entry of entries.values()) openPort(entry)
      for (const [name, unused] of handedSockets) if (name !== 'edge') unused.close()
    },
    sockets: () => {
      const found = new Map<string, NetServer>()
      if (main) found.set('edge', main)
      for (const entry of entries.values()) if (entry.listener) found.set(String(entry.route.port), entry.listener)
      return found
    },
    close: async (graceMs) => {
      closing = true
      const servers = [main, ...[...entries.values()].map((entry) => entry.listener)].filter(
        (server) => server !== null,
      )
      const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      for (const server of servers) server.closeIdleConnections()
      const late = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), graceMs)
      await closed
      clearTimeout(late)
    },
  }
}

/** A socket that was handed over is listened on through its handle; both processes share it in the kernel. */
function listenArguments(handed: NetServer | undefined, port: number): [NetServer | { port: number; host: string }] {
  return [handed ?? { port, host: process.env['FAIRLEAD_EDGE_LISTEN'] || '127.0.0.1' }]
}

function hostOf(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
}

function findHost(hosts: Map<string, Entry>, host: string): Entry | null {
  return hosts.get(host) ?? hosts.get(host.slice(host.indexOf('.') + 1)) ?? null
}

function plain(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-fairlead': 'edge',
  })
  response.end(text)
}
