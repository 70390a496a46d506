import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { cannotRun, findBinaries, type Binaries } from './binaries.ts'
import { ensureData } from './data.ts'
import { preparePostgresFolder, type PostgresFolder } from './folder.ts'
import {
  disarmStaleFile,
  findPostmaster,
  isAlive,
  isPostmaster,
  type Postmaster,
} from './postmaster.ts'

export interface EmbeddedPostgres {
  connection: { host: string; user: string; database: string }
  /** Process id of the postmaster; changes when a supervised server restarts. */
  readonly pid: number
  /** Resolves when the server ends for any reason. */
  exited: Promise<void>
  /** Stops the server unless another process uses it too. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** Folder of the data, the socket and the log; created when it is missing. */
  folder: string
  log: Logger
  /** Additional settings for tests, as `name: value`. */
  settings?: Record<string, string>
}

const defaults: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '60',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // The I/O workers of PostgreSQL 18 would add three idle processes.
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  jit: 'off',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  timezone: 'UTC',
}

/**
 * Starts PostgreSQL on a folder, or adopts the server that already runs on it. Writes are durable;
 * only a Unix socket is open. Throws one sentence on failure.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const place = preparePostgresFolder(options.folder)
  const mark = join(
    place.users,
    `${process.pid}-${startOf(process.pid)}-${randomBytes(4).toString('hex')}`,
  )
  writeFileSync(mark, '', { mode: 0o600 })
  try {
    return await attach(place, options, mark)
  } catch (error) {
    rmSync(mark, { force: true })
    throw error
  }
}

/** A server that is killed while it starts is started again, until it was killed this often. */
const mostKills = 5

async function attach(
  place: PostgresFolder,
  options: PostgresOptions,
  mark: string,
): Promise<EmbeddedPostgres> {
  const binaries = findBinaries({ uid: place.uid, spare: place.spare, links: place.links })
  const deadline = performance.now() + 60_000
  let kills = 0
  while (performance.now() < deadline) {
    const running = findPostmaster(place.data)
    if (running?.isReady) return handle(place, running, mark, watchOther(running.pid, place.data))
    if (running) await sleep(10)
    else {
      await ensureData(place, binaries, randomBytes(4).toString('hex'))
      const started = await launch(place, binaries, options)
      if (started === 'killed') {
        kills += 1
        options.log.warn('PostgreSQL was killed while it started', { kills })
        if (kills === mostKills)
          throw new Error(`PostgreSQL was killed ${kills} times while it started (${place.log})`)
      } else if (started) return handle(place, started.postmaster, mark, started.exited)
    }
  }
  throw new Error(`PostgreSQL in ${place.root} does not become ready; ${place.log} says why`)
}

function handle(
  place: PostgresFolder,
  server: Postmaster,
  mark: string,
  exited: Promise<void>,
): EmbeddedPostgres {
  let isStopped = false
  void exited.then(() => rmSync(mark, { force: true }))
  return {
    connection: { host: server.socket, user: 'fairlead', database: 'postgres' },
    pid: server.pid,
    exited,
    stop: async () => {
      if (isStopped) return
      isStopped = true
      rmSync(mark, { force: true })
      if (isUsed(place)) return
      for (const [signal, timeoutMs] of [
        ['SIGINT', 15_000],
        ['SIGQUIT', 5000],
        ['SIGKILL', 5000],
      ] as const) {
        if (await hasEnded(server.pid, place.data, 0)) return
        process.kill(server.pid, signal)
        if (await hasEnded(server.pid, place.data, timeoutMs)) return
      }
    },
  }
}

async function hasEnded(pid: number, data: string, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs
  while (isPostmaster(pid, data)) {
    if (performance.now() >= until) return false
    await sleep(5)
  }
  return true
}

/** Another process, or another part of this one, uses the server. */
function isUsed(place: PostgresFolder): boolean {
  return readdirSync(place.users).some((name) => {
    const [pid = '', start] = name.split('-')
    if (isAlive(Number(pid)) && startOf(Number(pid)) === start) return true
    rmSync(join(place.users, name), { force: true })
    return false
  })
}

/**
 * Start time of a process, which tells a reused pid apart; empty where the system does not provide
 * it.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/**
 * Starts a postmaster and waits until it is ready. Null when another process was faster or a
 * passing obstacle must clear first; `killed` when a signal ended it.
 */
async function launch(
  place: PostgresFolder,
  binaries: Binaries,
  options: PostgresOptions,
): Promise<{ postmaster: Postmaster; exited: Promise<void> } | 'killed' | null> {
  disarmStaleFile(place.data)
  const log = openLog(place.log)
  const before = statSync(place.log).size
  const settings = Object.entries({
    ...defaults,
    unix_socket_directories: place.socket,
    ...options.settings,
  })
  const child = spawn(
    join(binaries.folder, 'postgres'),
    ['-D', place.data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: place.root,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...binaries.env },
      stdio: ['ignore', log, log],
      // A session of its own keeps Ctrl-C from stopping it before Fairlead does.
      detached: true,
      ...(place.uid === null ? {} : { uid: place.uid, gid: place.uid }),
    },
  )
  child.unref()
  closeSync(log)
  let failure: Error | null = null
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      failure = error
      resolve()
    })
  })
  const ended = exited.then(() => 'ended' as const)
  for (;;) {
    const running = findPostmaster(place.data)
    if (running?.isReady && running.pid === child.pid) return { postmaster: running, exited }
    if ((await Promise.race([ended, sleep(5)])) === 'ended') break
  }
  if (failure) throw cannotRun((failure as Error).message)
  if (child.signalCode !== null) return 'killed'
  return explain(place, before)
}

function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > 8 * 1024 * 1024) renameSync(path, `${path}.1`)
  return openSync(path, 'a', 0o600)
}

/** Ignores passing obstacles, which are retried, and throws any other failure as a sentence. */
async function explain(place: PostgresFolder, logStart: number): Promise<null> {
  const written = readFileSync(place.log).subarray(logStart).toString('utf8')
  if (
    findPostmaster(place.data) ||
    /pre-existing shared memory|lock file .* already exists/.test(written)
  ) {
    await sleep(20)
    return null
  }
  if (/error while loading shared libraries/.test(written))
    throw cannotRun(written.trim().split('\n')[0] ?? '')
  const fatal =
    written.split('\n').findLast((line) => /FATAL|PANIC/.test(line)) ?? 'it gave no reason'
  throw new Error(
    `PostgreSQL does not start: ${fatal.replace(/^.*(FATAL|PANIC):\s*/, '')} (${place.log})`,
  )
}

/** The end of a server that is not a child process can only be polled. */
async function watchOther(pid: number, data: string): Promise<void> {
  while (isPostmaster(pid, data)) await sleep(100, null, { ref: false })
}
