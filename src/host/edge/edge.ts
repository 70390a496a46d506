import { createServer, type Server, type Socket } from 'node:net'
import type { TrafficSecond } from '#contract/host/measurements.ts'
import type { IsProxy } from '#platform/net/edge-proxies.ts'
import type { Address } from '../address.ts'
import type { AccessSink } from './access.ts'
import { Connection } from './connection.ts'
import { type GuestLimits, Guests, type GuestTimes, guestLimits, guestTimes } from './guests.ts'
import { createHttp2 } from './http2.ts'
import { page, tooMany } from './pages.ts'
import { takeProxyHeader } from './proxy-protocol.ts'
import type { EdgeRoute, Entry, RouteCount } from './route.ts'
import { type EdgeHttps, Routes } from './routes.ts'
import { createThorough } from './thorough.ts'
import { handshakes } from './tls.ts'
import type { BeginKeyed } from './passage.ts'
import type { ServiceCount } from './traffic-count.ts'

export type { EdgeRoute } from './route.ts'

export interface Edge {
  set(route: EdgeRoute): void
  remove(app: string, environment: string): void
  /**
   * Closes the port of an environment, and waits until no connection to it is left, at most
   * `graceMs`. Until then, its requests are answered.
   */
  leave(app: string, environment: string, graceMs: number): Promise<void>
  /** Opens the port of an environment again that was to leave. */
  stay(app: string, environment: string): void
  /**
   * Replaces the environments (`APP/ENVIRONMENT`) that answer every request with the maintenance
   * page, and its end in milliseconds since 1970, or null.
   */
  setMaintenance(untilOf: ReadonlyMap<string, number | null>): void
  /**
   * Waits until no request of a release is in progress, at most `graceMs`; then closes the rest
   * (WebSockets).
   */
  drain(app: string, environment: string, release: number, graceMs: number): Promise<void>
  /** Waits until an instance that left its route has no request in progress, at most `graceMs`. */
  drainInstance(address: Address, graceMs: number): Promise<void>
  counts(): (Omit<EdgeRoute, 'canary'> &
    RouteCount & { problem: string | null; traffic: (ServiceCount & { release: number })[] })[]
  /** The requests that ended since the last call, by release and service. */
  takeSecond(): TrafficSecond[]
  /**
   * Listens on the port of the edge, the one with TLS and the fixed ports, or takes over sockets of
   * the previous host.
   */
  listen(port: number, handed: Map<string, Handed>): Promise<void>
  /** The domains of all environments. */
  domains(): string[]
  /** The listening sockets by name, for the handover to the next host. */
  sockets(): Map<string, Server>
  /** Accepts nothing new and waits for requests in progress, at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

/**
 * A listening socket of the previous host with the connections that arrived before the edge was
 * ready.
 */
export interface Handed {
  server: Server
  early: Socket[]
}

export interface EdgeOptions {
  /** The address to listen on. */
  address: string
  log(message: string, fields?: Record<string, unknown>): void
  /** Sends every request through the complete path; for tests and measurements. */
  isThorough?: boolean
  /** Names the program that listens on a port, for people; null when it is not known. */
  programOn?(port: number): Promise<string | null>
  /** Returns a number from 0 to 1 that selects the requests of a canary. */
  random(): number
  /** Begins a request of an environment whose targeting key is counted; null for others. */
  keyed?: BeginKeyed
  /** The proxies in front whose word is believed; those on this machine by default. */
  proxies?: IsProxy | null
  /** The load balancers whose connections begin with a header of the PROXY protocol. */
  proxyProtocol?: IsProxy | null
  /** Receives the records of the access logs. */
  access?: AccessSink | null
  /** The listener with TLS; none by default. */
  https?: EdgeHttps | null
  /** How many connections clients may have. */
  limits?: GuestLimits
  /** How long clients may take, and how often that is checked, in milliseconds. */
  times?: GuestTimes & { sweep: number }
}

const defaultTimes = { ...guestTimes, sweep: 1000 }
/** Milliseconds after which an idle client is disconnected during a handover. */
const maxQuietMsWhenClosing = 3000
/** The shortest pause in milliseconds between two reports of refused connections. */
const reportMs = 60_000

/**
 * The reverse proxy in front of the services of this machine. A route changes by a single
 * assignment, so that no request is lost.
 */
export function createEdge(options: EdgeOptions): Edge {
  const https = options.https ?? null
  const routes = new Routes(options)
  const listeners = new Map<string, Server>()
  const guests = new Guests(options.limits ?? guestLimits(Infinity))
  const isClosingFor = (entry: Entry | null): boolean => isClosing || entry?.isLeaving === true
  const thorough = createThorough(routes, guests, isClosingFor)
  const http2 = createHttp2(routes, guests, () => isClosing)
  let handedOver = new Map<string, Handed>()
  let isListening = false
  let isClosing = false

  const context = {
    routes,
    isClosing: isClosingFor,
    handOver: thorough.take,
    ended: (connection: Connection) => guests.remove(connection),
  }
  const accept = (socket: Socket, entry: Entry | null): void => {
    if (options.isThorough) thorough.take(socket, entry, null)
    else guests.add(new Connection(socket, entry, context))
  }
  const shakeHands =
    https &&
    handshakes({
      ...{ guests, certificates: https.certificates },
      accept: (socket) =>
        socket.alpnProtocol === 'h2' ? http2.take(socket) : accept(socket, null),
    })
  const makeServer = (name: string, entry: Entry | null): Server =>
    createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
      (socket) => {
        const isSecure = name === 'https'
        const begin = (): void => {
          if (!guests.admit(socket.remoteAddress ?? '', performance.now())) refuse(socket, isSecure)
          else if (isSecure) shakeHands?.(socket)
          else accept(socket, entry)
        }
        if (options.proxyProtocol?.(socket.remoteAddress ?? ''))
          takeProxyHeader(socket, isSecure, guests, begin)
        else begin()
      },
    )
  const times = options.times ?? defaultTimes
  let reportedAt = -Infinity
  const sweep = setInterval(() => {
    const now = performance.now()
    routes.expire(now)
    guests.sweep(now, isClosing ? { ...times, request: maxQuietMsWhenClosing } : times)
    if (now - reportedAt < reportMs) return
    const counts = guests.takeCounts()
    if (counts.closed + counts.refused === 0) return
    reportedAt = now
    options.log('the edge has as many connections as it may have', counts)
  }, times.sweep)
  sweep.unref()

  const open = (name: string, port: number, entry: Entry | null): Promise<void> => {
    const server = makeServer(name, entry)
    listeners.set(name, server)
    const handed = handedOver.get(name)
    handedOver.delete(name)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(handed?.server ?? { port, host: options.address }, () => {
        for (const socket of handed?.early ?? []) {
          socket.allowHalfOpen = true
          socket.setNoDelay(true)
          server.emit('connection', socket)
        }
        resolve()
      })
    })
  }

  const openFixed = (entry: Entry): void => {
    const { port } = entry.route
    if (port === null || listeners.has(String(port)) || isClosingFor(entry)) return
    open(String(port), port, entry).then(
      () => (entry.problem = null),
      (error: NodeJS.ErrnoException) => {
        listeners.delete(String(port))
        if (entry.problem === null) {
          options.log('a fixed port cannot be opened; it is tried again', {
            port,
            error: error.message,
          })
          void nameOwner(entry, port, error)
        }
        entry.problem ??= closedPort(port, error, null)
        setTimeout(
          () => entry.route.port === port && routes.all().includes(entry) && openFixed(entry),
          1000,
        ).unref()
      },
    )
  }

  const nameOwner = async (
    entry: Entry,
    port: number,
    error: NodeJS.ErrnoException,
  ): Promise<void> => {
    const program = await options.programOn?.(port).catch(() => null)
    if (entry.problem !== null && entry.route.port === port)
      entry.problem = closedPort(port, error, program ?? null)
  }

  const closeFixed = (port: number | null): void => {
    if (port === null) return
    listeners.get(String(port))?.close()
    listeners.delete(String(port))
  }

  return {
    set: (route) => {
      const before = routes.get(route.app, route.environment)?.route.port ?? null
      if (before !== route.port) closeFixed(before)
      const entry = routes.set(route)
      if (before !== route.port) entry.problem = null
      if (isListening) openFixed(entry)
    },
    remove: (app, environment) => {
      const entry = routes.get(app, environment)
      // A connection to its port that is kept belongs to it, and would never see a later one.
      if (entry) entry.isLeaving = true
      closeFixed(entry?.route.port ?? null)
      routes.remove(app, environment)
    },
    leave: async (app, environment, graceMs) => {
      const entry = routes.get(app, environment)
      if (!entry) return
      entry.isLeaving = true
      closeFixed(entry.route.port)
      const until = performance.now() + graceMs
      const quick = { ...times, request: maxQuietMsWhenClosing }
      while (guests.sweepOf(entry, performance.now(), quick) > 0 && performance.now() < until)
        await new Promise((wake) => setTimeout(wake, 20))
    },
    stay: (app, environment) => {
      const entry = routes.get(app, environment)
      if (!entry) return
      entry.isLeaving = false
      if (isListening) openFixed(entry)
    },
    setMaintenance: (untilOf) => routes.setMaintenance(untilOf),
    drain: (app, environment, release, graceMs) => routes.drain(app, environment, release, graceMs),
    drainInstance: (address, graceMs) => routes.drainInstance(address, graceMs),
    counts: () =>
      routes.all().map(({ route, count, problem }) => {
        const { app, environment, host, port, release, services } = route
        return {
          ...{ app, environment, host, port, release, services },
          ...count,
          problem,
          traffic: routes.counts(route, performance.now()),
        }
      }),
    takeSecond: () => routes.takeSecond(),
    listen: async (port, handed) => {
      handedOver = handed
      await open('edge', port, null)
      if (https) await open('https', https.port, null)
      isListening = true
      for (const entry of routes.all()) openFixed(entry)
      for (const unused of handedOver.values()) {
        unused.server.close()
        for (const socket of unused.early) socket.destroy()
      }
      handedOver.clear()
    },
    domains: () => routes.domains(),
    sockets: () => new Map(listeners),
    close: async (graceMs) => {
      isClosing = true
      for (const server of listeners.values()) server.close()
      const until = performance.now() + graceMs
      while (guests.size > 0 && performance.now() < until)
        await new Promise((wake) => setTimeout(wake, 20))
      guests.destroyAll()
      clearInterval(sweep)
      routes.close()
      await options.access?.flush()
    },
  }
}

function refuse(socket: Socket, isSecure: boolean): void {
  socket.on('error', () => socket.destroy())
  if (isSecure) return void socket.resetAndDestroy()
  socket.write(page(503, tooMany, false, true))
  socket.destroySoon()
}

/** Why a fixed port is not open, in one sentence. */
function closedPort(
  port: number,
  { code, message }: NodeJS.ErrnoException,
  program: string | null,
): string {
  const isTaken = code === 'EADDRINUSE'
  const why = isTaken
    ? `is used by ${program ?? 'another program'}`
    : `cannot be opened: ${message}`
  return `port ${port} ${why}; Fairlead opens it as soon as that is possible`
}
