import { type ChildProcess, spawn } from 'node:child_process'
import type { Server, Socket } from 'node:net'
import type { Handed } from './edge/edge.ts'
import { isRunning, startTimeOf } from './processes.ts'

/** Milliseconds that the next host has to start serving. */
const serveWithinMs = 30_000

/**
 * Starts the next host and passes the listening sockets to it. Both processes share the same kernel
 * queues, so that no connection is refused or lost. Throws, after ending the next host, when it
 * does not start to serve.
 */
export async function handOver(
  command: [string, ...string[]],
  sockets: Map<string, Server>,
): Promise<void> {
  const [program, ...args] = command
  const next = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    cwd: '/',
    env: process.env,
  })
  try {
    const serving = serves(next)
    // When the next host exits early, sending fails too; its exit has the better reason.
    await Promise.all([serving, sendAll(next, sockets)])
  } catch (error) {
    next.kill('SIGKILL')
    throw error
  }
  if (next.connected) next.disconnect()
  next.unref()
}

async function sendAll(next: ChildProcess, sockets: Map<string, Server>): Promise<void> {
  for (const [name, server] of sockets) await send(next, { kind: 'socket', name }, server)
  await send(next, { kind: 'all' })
}

function send(next: ChildProcess, message: object, server?: Server): Promise<void> {
  return new Promise((resolve, reject) =>
    next.send(message, server, (error) => (error ? reject(error) : resolve())),
  )
}

function serves(next: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('the next host does not come to serve')),
      serveWithinMs,
    )
    const end = (act: () => void): void => {
      clearTimeout(late)
      act()
    }
    next.once('message', () => end(resolve))
    next.once('error', (error) => end(() => reject(error)))
    next.once('exit', (code, signal) =>
      end(() => reject(new Error(`the next host ended with ${signal ?? code}`))),
    )
  })
}

export interface Inheritance {
  sockets: Map<string, Handed>
  /** Resolves when the previous host has answered its last request and exited. */
  predecessor: Promise<void>
  /** Tells the previous host that this one serves. */
  serving(): void
}

/** What the previous host passes on; empty when there was none. */
export async function inherit(): Promise<Inheritance> {
  if (!process.send)
    return { sockets: new Map(), predecessor: Promise.resolve(), serving: () => undefined }
  const before = process.ppid
  const startTime = startTimeOf(before)
  const sockets = new Map<string, Handed>()
  await new Promise<void>((resolve) => {
    process.on('message', (message: { kind: string; name?: string }, handle) => {
      if (message.kind === 'socket' && message.name) {
        const [server, early] = [handle as Server, [] as Socket[]]
        // Connections are accepted from now on, before the edge is ready.
        server.on('connection', (socket) => early.push(socket))
        sockets.set(message.name, { server, early })
      }
      if (message.kind === 'all') resolve()
    })
  })
  return {
    sockets,
    predecessor: gone(before, startTime),
    serving: () => process.send?.({ kind: 'serving' }, undefined, {}, () => process.disconnect?.()),
  }
}

async function gone(pid: number, startTime: string | null): Promise<void> {
  while (isRunning(pid, startTime)) await new Promise((wake) => setTimeout(wake, 100).unref())
}
