import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openResp } from '../../src/host/rehearsal/resp.ts'
import { waitFor } from '../../test/support/wait.ts'
import type { Link } from './link.ts'

/** Sends one command to the Redis at a port. */
export async function redis(port: number, ...words: string[]): Promise<unknown> {
  const resp = await openResp(port, 3000)
  try {
    return await resp.call(...words)
  } finally {
    resp.close()
  }
}

/** A number of INFO, such as `sync_full`; a text as NaN. */
const infoOf = async (port: number, section: string, name: string): Promise<string> =>
  new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(String(await redis(port, 'INFO', section)))?.[1] ?? ''

export const fullSyncs = async (port: number): Promise<number> =>
  Number(await infoOf(port, 'stats', 'sync_full'))

export const roleOf = (port: number): Promise<string> => infoOf(port, 'replication', 'role')

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

/** Ends a process at once. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** Two replicas behind a link. */
export interface Replicas {
  areConnected(): Promise<boolean>
  stop(): Promise<void>
}

export async function startReplicas(link: Link): Promise<Replicas> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-replicas-'))
  const ports = [await freePort(), await freePort()]
  const children = ports.map((port) => {
    const settings = { port, bind: '127.0.0.1', save: '', dir: folder, dbfilename: `${port}.rdb` }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    args.push('--replicaof', '127.0.0.1', String(link.port))
    return spawn('redis-server', args, { stdio: 'ignore' })
  })
  const areConnected = async (): Promise<boolean> => {
    const states = ports.map((port) => infoOf(port, 'replication', 'master_link_status'))
    return (await Promise.all(states).catch(() => [''])).every((state) => state === 'up')
  }
  await waitFor('the replicas have all data', areConnected)
  const stop = async (): Promise<void> => {
    for (const child of children) await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
  return { areConnected, stop }
}

/**
 * Cuts the network to the replicas until the master has written more than its backlog holds, so
 * that all of them need all of its data at once. Returns how many did.
 */
export async function resyncStorm(port: number, link: Link, replicas: Replicas): Promise<number> {
  const before = await fullSyncs(port)
  link.cut()
  for (let i = 0; i < 20; i += 1) await redis(port, 'SET', `bill:${i}`, 'x'.repeat(1_000_000))
  await pause(1000)
  link.heal()
  await waitFor('the replicas are back', replicas.areConnected)
  return (await fullSyncs(port)) - before
}

/** What was wrong in the file of 2013: an append-only file that is not there, and a replica. */
export function breakConfiguration(file: string, port: number): void {
  const text = readFileSync(file, 'utf8').replace('appendonly no', 'appendonly yes')
  writeFileSync(file, `${text}replicaof 127.0.0.1 ${port}\n`)
}
