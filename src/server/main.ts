import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setGlobalDispatcher } from 'undici'
import { appendEvent } from '#engine/events.ts'
import { runJobs } from '#engine/every.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import { git, gitProxy } from '#platform/git/git.ts'
import { gitTunnel, writeTunnel } from '#platform/git/tunnel.ts'
import { type Home, makeHome } from '#platform/home.ts'
import { createLogger, type Logger } from '#platform/log.ts'
import { createEgressPolicy, guardedAgent } from '#platform/net/egress.ts'
import { publicPolicy } from '#platform/net/private.ts'
import { startSocks } from '#platform/net/socks.ts'
import { openInstallationDatabase } from '#platform/postgres/installation.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { untilBack } from '#platform/postgres/until-back.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import { findIsolation } from '#platform/process/isolation.ts'
import { isolationOptions, isolationMode } from '#platform/process/isolation-policy.ts'
import { selfCommand, version } from '#platform/self.ts'
import { buildConsoleIfNeeded } from './console-build.ts'
import { makeSample } from './sample.ts'
import { readSettings, type ServerSettings } from './settings.ts'
import type { wire } from './wire.ts'

export interface ServerOptions {
  home: Home
  env: Record<string, string | undefined>
  /** whether to deliver the bundled sample when no app is registered */
  sample: boolean
}

type Wired = Awaited<ReturnType<typeof wire>>

/** Background work has this long to end after SIGTERM, in milliseconds. */
const drainMs = 10_000

/**
 * Runs a server until SIGTERM or SIGINT, and resolves with the exit code. Unfinished workflows
 * continue on another replica, or when a server starts again.
 */
export async function main(options: ServerOptions): Promise<number> {
  const log = createLogger((line) => process.stderr.write(line), {
    isText: process.stderr.isTTY,
  })
  const stop = new AbortController()
  const ended = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ended.resolve())
  process.on('unhandledRejection', (error) =>
    log.error('a promise was rejected that nothing awaits', {
      error: (error as Error)?.stack ?? String(error),
    }),
  )
  try {
    const settings = readSettings(options.env, options.home)
    const [database, parts] = await Promise.all([
      prepare(options, settings, log),
      // PostgreSQL starts in processes of its own while this one loads the rest.
      import('./wire.ts'),
    ])
    const wired = await parts.wire({
      ...{ ...options, settings, db: database.db, log },
      onReplaced: (error) => ended.reject(error),
    })
    await open(wired, options, settings, log)
    const jobs = runJobs(wired.jobs, jobRuntime(wired, database.db, log), stop.signal)
    await welcome(options, wired, log)
    await ended.promise
    stop.abort()
    await close(options.home, wired, jobs)
    await database.close()
    return 0
  } catch (error) {
    stop.abort()
    process.stderr.write(
      `fairlead server: ${describeError(error as NodeJS.ErrnoException, options.home)}\n`,
    )
    // A listener or a connection pool may still keep the process alive.
    setImmediate(() => process.exit(1))
    return 1
  }
}

/** Opens the database that the server builds on. */
async function prepare({ home, env }: ServerOptions, settings: ServerSettings, log: Logger) {
  makeHome(home)
  await guardEgress(home, env, settings)
  // Without this check, only the log of the host would show that isolation is missing.
  if (isolationMode(env) === 'required') await findIsolation(isolationOptions(home.root, env))
  await git('/', ['--version'])
  return openInstallationDatabase(home, env, log, { migrate: true })
}

/**
 * Keeps every library of this process from the addresses that hand out cloud credentials, and git
 * from private networks too, because repositories choose the addresses of their submodules.
 */
async function guardEgress(
  home: Home,
  env: ServerOptions['env'],
  { privateHosts }: ServerSettings,
): Promise<void> {
  const policy = createEgressPolicy(env['FAIRLEAD_ALLOW_ADDRESSES'])
  setGlobalDispatcher(guardedAgent(policy))
  const ofGit = privateHosts === null ? policy : publicPolicy(policy, privateHosts)
  process.env[gitProxy] = (await startSocks(ofGit)).url
  await writeTunnel(home.git, selfCommand('connect'))
  process.env[gitTunnel] = home.git
}

function describeError(error: NodeJS.ErrnoException, home: Home): string {
  if (error.code === 'EADDRINUSE')
    return `port ${home.port} is in use; set FAIRLEAD_PORT to a free port`
  if (error.code === 'EACCES')
    return `${error.message}; set FAIRLEAD_HOME to a folder that this user can write to`
  return error.message
}

/**
 * Opens the API, then the host and the engine, and records the start. A service that the host
 * starts must not find the port of the API free.
 */
async function open(
  { access, http, engine, deps, hosts }: Wired,
  { home, env }: ServerOptions,
  { listen, publicUrl }: ServerSettings,
  log: Logger,
): Promise<void> {
  await untilBack(log, () => access.tokens.ensureLocal(home.token))
  await http.listen(home.port, listen)
  await untilBack(log, () => hosts.sync())
  // A server of another folder is refused before it has started a host.
  await untilBack(log, () => engine.open())
  await ensureHost(home, env)
  writeServerFile(home, publicUrl)
  const started = appendEvent({
    type: 'dev.cdeventsx.fairlead-server.started',
    subject: 'server',
    chain: 'server',
    data: { version },
  })
  await untilBack(log, () => deps.db.batch([started]))
}

const jobRuntime = ({ replica }: Wired, db: Database, log: Logger) => ({
  db,
  log,
  replica,
  clock: systemClock,
  sleep: systemSleep,
  random: Math.random,
})

/**
 * Builds the console if necessary, delivers the sample meanwhile if wanted, and prints the sign-in
 * link when the console can be opened.
 */
async function welcome(options: ServerOptions, wired: Wired, log: Logger): Promise<void> {
  const { access, source, deps } = wired
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const built = buildConsoleIfNeeded(log, say)
  if (options.sample && (await untilBack(log, () => source.list())).length === 0)
    await deliverSample(options.home, wired, log)
  await built
  const link = { name: 'admin', role: 'admin' } as const
  const { url } = await untilBack(log, () => access.links.create(link, 'fairlead'))
  say(`Fairlead ${version} at ${deps.publicUrl}\nSign in once, within 15 minutes: ${url}`)
}

async function close(home: Home, wired: Wired, jobs: Promise<void>): Promise<void> {
  rmSync(home.serverFile, { force: true })
  await wired.http.close()
  await Promise.race([jobs, sleep(drainMs, undefined, { ref: false })])
  await wired.access.refusals.flush()
  await wired.engine.close()
  await wired.runner.close()
  await wired.hosts.close()
  wired.host.close()
}

function writeServerFile(home: Home, publicUrl: string): void {
  const url = `http://127.0.0.1:${home.port}`
  writeFileSync(
    `${home.serverFile}.draft`,
    JSON.stringify({ pid: process.pid, port: home.port, url, publicUrl, version }),
    { mode: 0o600 },
  )
  renameSync(`${home.serverFile}.draft`, home.serverFile)
}

async function deliverSample(home: Home, { source }: Wired, log: Logger): Promise<void> {
  try {
    const path = await makeSample(home)
    await source.register(
      { name: 'prepaid', repository: { kind: 'path', path }, branch: 'main' },
      'fairlead',
    )
    await source.deliverCommit('prepaid', undefined, 'fairlead')
    process.stdout.write(
      `Delivering the sample in ${path}; change it and commit to deliver again.\n`,
    )
  } catch (error) {
    log.error('the sample cannot be delivered', { error: (error as Error).message })
  }
}
