import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createHostClient } from '#platform/host-client.ts'
import { homeFrom, type Home, makeHome } from '#platform/home.ts'
import { createLogger } from '#platform/log.ts'
import { selfCommand, version } from '#platform/self.ts'
import { createApi } from './api.ts'
import { createEdge, type Edge } from './edge/edge.ts'
import { takeLock } from './lock.ts'
import { openState } from './state.ts'
import { createSupervisor, type Supervisor } from './supervisor.ts'

/** How long requests under way may take when the host gives way. */
const drainMs = 30_000

/** Runs the host until SIGTERM, which leaves the services running for the next one; with `upgrade` asks the one that runs to give way to this program. */
export async function main(options: { upgrade: boolean }): Promise<number> {
  const home = homeFrom(process.env)
  makeHome(home)
  return options.upgrade ? upgradeRunning(home) : serve(home)
}

async function upgradeRunning(home: Home): Promise<number> {
  const client = createHostClient(home.hostSocket)
  try {
    await client.upgrade()
    return 0
  } finally {
    client.close()
  }
}

async function serve(home: Home): Promise<number> {
  const logger = createLogger((line) => process.stderr.write(line))
  const handed = process.send ? await receiveSockets() : new Map<string, NetServer>()
  const lock = await takeLock(join(home.host, 'lock'), process.send !== undefined)
  if (!lock) {
    logger.info('another host serves this installation already')
    return 0
  }
  const edge = createEdge({ address: process.env['FAIRLEAD_EDGE_LISTEN'] || '127.0.0.1', log: logger.warn })
  const state = openState(join(home.host, 'state'), (problem) => logger.error(problem))
  const supervisor = createSupervisor({ folder: home.host, state, edge, random: Math.random, log: logger.info })
  // Routes first: the sockets that were handed over are taken by those who know their port, the rest is closed.
  supervisor.adopt()
  try {
    await edge.listen(home.edgePort, handed)
  } catch (error) {
    logger.error(
      `the edge cannot listen on port ${home.edgePort}: ${(error as Error).message}; set FAIRLEAD_EDGE_PORT to a free one`,
    )
    supervisor.release()
    lock.free()
    return 1
  }
  const ended = Promise.withResolvers<number>()
  const started = Date.now()
  let isLeaving = false
  const leave = async (stillOurs: boolean): Promise<void> => {
    if (isLeaving) return
    isLeaving = true
    supervisor.release()
    if (stillOurs) rmSync(home.hostSocket, { force: true })
    api.close()
    api.closeAllConnections()
    await edge.close(drainMs)
    if (stillOurs) lock.free()
    ended.resolve(0)
  }
  const api = createApi({
    supervisor,
    status: () => statusOf(home, edge, supervisor, started),
    upgrade: async () => {
      supervisor.release()
      await handOver(edge)
      setImmediate(() => void leave(false))
    },
    stopAll: () => supervisor.stopAll(),
  })
  mkdirSync(home.host, { recursive: true })
  await listenAt(api, home.hostSocket)
  process.on('SIGTERM', () => void leave(true))
  process.on('SIGINT', () => void leave(true))
  process.on('SIGHUP', () => undefined)
  if (process.send) process.send({ kind: 'serving' }, undefined, {}, () => process.disconnect?.())
  logger.info('the host serves', { pid: process.pid, edge: home.edgePort, version })
  return ended.promise
}

/**
 * Listens under a name of its own and then takes the known one in a single rename: closing a server unlinks the name that it
 * bound, which must not be the one that the next host has taken meanwhile.
 */
async function listenAt(server: Server, socket: string): Promise<void> {
  const own = join(dirname(socket), `${process.pid}`)
  rmSync(own, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(own, resolve))
  renameSync(own, socket)
}

function statusOf(home: Home, edge: Edge, supervisor: Supervisor, started: number) {
  return {
    version,
    pid: process.pid,
    started,
    edge: home.edgePort,
    releases: supervisor.all(),
    routes: edge.counts().map(({ app, environment, host, port, release, requests, errors, unavailable }) => ({
      app,
      environment,
      host,
      port,
      release,
      requests,
      errors,
      unavailable,
    })),
  }
}

/**
 * Starts the program anew and gives it the listening sockets: both processes hold the same queue in the kernel, so no
 * connection is refused or lost between them.
 */
async function handOver(edge: Edge): Promise<void> {
  const [command, ...args] = selfCommand('host')
  const next = spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], cwd: '/' })
  const serving = new Promise<void>((resolve, reject) => {
    next.once('message', () => resolve())
    next.once('error', reject)
    next.once('exit', (code) => reject(new Error(`the new host ended with ${code}`)))
  })
  const sockets = edge.sockets()
  for (const [name, server] of sockets) await sendSocket(next, { kind: 'socket', name }, server)
  next.send({ kind: 'all', count: sockets.size })
  await serving
  if (next.connected) next.disconnect()
  next.unref()
}

function sendSocket(child: ChildProcess, message: object, server: NetServer): Promise<void> {
  return new Promise((resolve, reject) => child.send(message, server, (error) => (error ? reject(error) : resolve())))
}

function receiveSockets(): Promise<Map<string, NetServer>> {
  const sockets = new Map<string, NetServer>()
  return new Promise((resolve) => {
    process.on('message', (message: { kind: string; name?: string }, handle) => {
      if (message.kind === 'socket' && message.name) sockets.set(message.name, handle as NetServer)
      if (message.kind === 'all') resolve(sockets)
    })
  })
}
