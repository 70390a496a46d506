import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setGlobalDispatcher } from 'undici'
import { createForgeClients } from '#domains/forge/registry.ts'
import { poll } from '#domains/source/polling.ts'
import { writeBack } from '#flows/forge/write-back.ts'
import { insertGap } from '#domains/forge/webhook-store.ts'
import { appendEvent } from '#engine/events.ts'
import { clean } from '#flows/upkeep/clean.ts'
import { startScheduled } from '#flows/delivery/schedule.ts'
import { keepPullRequests } from '#flows/pull-request/reconcile.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import { git, gitProxy } from '#platform/git/git.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import { type Home, makeHome } from '#platform/home.ts'
import { openInstallationDatabase } from '#platform/postgres/installation.ts'
import { findIsolation, isolationOptions, wantedIsolation } from '#platform/process/isolation.ts'
import { createLogger, type Logger } from '#platform/log.ts'
import { createEgressPolicy, guardedAgent } from '#platform/net/egress.ts'
import { version } from '#platform/self.ts'
import { startSocks } from '#platform/net/socks.ts'
import { buildConsoleOnce } from './console-build.ts'
import { makeSample } from './sample.ts'
import { wire } from './wire.ts'

export interface ServerOptions {
  home: Home
  env: Record<string, string | undefined>
  /** deliver the bundled sample when nothing is registered */
  sample: boolean
}

type Wired = Awaited<ReturnType<typeof wire>>

/**
 * Runs a server until SIGTERM or SIGINT; resolves with the exit code. What it began is gone on with
 * by the next one.
 */
export async function main(options: ServerOptions): Promise<number> {
  const log = createLogger((line) => process.stderr.write(line))
  const stop = new AbortController()
  const ended = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ended.resolve())
  process.on('unhandledRejection', (error) =>
    log.error('something was not awaited', { error: (error as Error)?.stack ?? String(error) }),
  )
  try {
    makeHome(options.home)
    await guardWayOut(options.env)
    // The host would only say so in its log.
    if (wantedIsolation(options.env) === 'required')
      await findIsolation(isolationOptions(options.home.root, options.env))
    await git('/', ['--version'])
    const [database] = await Promise.all([
      openInstallationDatabase(options.home, options.env, log, { migrate: true }),
      ensureHost(options.home, options.env),
    ])
    const wired = await wire({ ...options, db: database.db, log })
    await run(options, wired, log, stop.signal)
    await ended.promise
    stop.abort()
    rmSync(options.home.serverFile, { force: true })
    await wired.http.close()
    await wired.access.refusals.flush()
    await wired.engine.close()
    await wired.runner.close()
    wired.host.close()
    await database.close()
    return 0
  } catch (error) {
    stop.abort()
    process.stderr.write(
      `fairlead server: ${sentenceOf(error as NodeJS.ErrnoException, options.home)}\n`,
    )
    // A listener or a pool may be open still; nothing of it is needed any more.
    setImmediate(() => process.exit(1))
    return 1
  }
}

/**
 * Of all that is asked from here, by whichever library, nothing is asked where clouds give out
 * credentials.
 */
async function guardWayOut(env: Record<string, string | undefined>): Promise<void> {
  const egressPolicy = createEgressPolicy(env['FAIRLEAD_ALLOW_ADDRESSES'])
  setGlobalDispatcher(guardedAgent(egressPolicy))
  process.env[gitProxy] = (await startSocks(egressPolicy)).url
}

function sentenceOf(error: NodeJS.ErrnoException, home: Home): string {
  if (error.code === 'EADDRINUSE')
    return `port ${home.port} is taken; stop what listens there, or set FAIRLEAD_PORT to a free one`
  if (error.code === 'EACCES')
    return `${error.message}; set FAIRLEAD_HOME to a folder that this user may write`
  return error.message
}

async function run(
  options: ServerOptions,
  wired: Wired,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { home, env } = options
  const { http, engine, access, source, deps } = wired
  await access.tokens.ensureLocal(home.token)
  await http.listen(home.port, env['FAIRLEAD_LISTEN'] || '127.0.0.1')
  await engine.open()
  writeServerFile(home, wired.publicUrl)
  await deps.db.batch([
    appendEvent({
      type: 'dev.cdeventsx.fairlead-server.started',
      subject: 'server',
      chain: 'server',
      data: { version },
    }),
  ])
  const every = {
    path: 1000,
    url: Number(env['FAIRLEAD_POLL_SECONDS'] ?? 30) * 1000,
    hosted: 30_000,
  }
  const onFound = async (app: string, sha: string, looked: Date | null): Promise<void> =>
    void (await deps.db.query(insertGap(app, sha, looked)))
  void poll({ source, log, onFound, random: Math.random, parallel: 4, every }, signal)
  void wired.inbox.run(signal)
  const { db, secrets } = deps
  const clients = createForgeClients()
  void writeBack(
    {
      db,
      log,
      secrets,
      source: deps.source,
      publicUrl: wired.publicUrl,
      fetch,
      clients,
      random: Math.random,
      every: 1000,
    },
    signal,
  )
  const pullsEvery = (Number(env['FAIRLEAD_PULLS_SECONDS']) || 60) * 1000
  void keepPullRequests(
    { deps, engine, source, fetch, clients, every: pullsEvery, parallel: 4 },
    signal,
  )
  void keepHost(options, log, signal)
  void cleanNowAndThen(wired, log, signal)
  void reconcile(wired, log, signal)
  void beginScheduled(wired, log, signal)
  void tellRefusals(wired, signal)
  const { url } = await access.createLink({ name: 'admin', role: 'admin' }, 'fairlead')
  process.stdout.write(
    `Fairlead ${version} at ${wired.publicUrl}\nSign in once, within 15 minutes: ${url}\n`,
  )
  void buildConsoleOnce(log)
  if (options.sample && (await source.list()).length === 0) await deliverSample(home, wired, log)
}

function writeServerFile(home: Home, url: string): void {
  const local = `http://127.0.0.1:${home.port}`
  writeFileSync(
    `${home.serverFile}.draft`,
    JSON.stringify({ pid: process.pid, port: home.port, url: local, publicUrl: url, version }),
    { mode: 0o600 },
  )
  renameSync(`${home.serverFile}.draft`, home.serverFile)
}

/** The host outlives us; when it dies, services run on, and the next host takes them up. */
async function keepHost(options: ServerOptions, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(500, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await ensureHost(options.home, options.env).catch((error: Error) =>
      log.error('the host cannot be started', { error: error.message }),
    )
  }
}

async function cleanNowAndThen({ deps }: Wired, log: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(10 * 60_000, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    await clean(deps).then(
      (removed) => removed.artifacts + removed.workspaces > 0 && log.info('cleaned up', removed),
      (error: Error) => log.warn('the clean-up broke', { error: error.message }),
    )
  }
}

async function beginScheduled(
  { deps, engine }: Wired,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(5000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await startScheduled(deps.db, engine, new Date(deps.clock.now())).catch((error: Error) =>
      log.warn('what is due by a schedule could not be begun', { error: error.message }),
    )
  }
}

/** What was refused again and again is told once a minute. */
async function tellRefusals({ access }: Wired, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(60_000, undefined, { signal }).catch(() => undefined)
    await access.refusals.flush()
  }
}

async function reconcile({ deps }: Wired, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(5000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await closeAbandoned(deps.db).catch((error: Error) =>
      log.warn('what was abandoned could not be closed', { error: error.message }),
    )
  }
}

async function deliverSample(home: Home, { source }: Wired, log: Logger): Promise<void> {
  try {
    const path = await makeSample(home)
    await source.register(
      { name: 'prepaid', repository: { kind: 'path', path }, branch: 'main' },
      'fairlead',
    )
    await source.deliverCommit('prepaid', undefined, 'fairlead')
    process.stdout.write(`The sample in ${path} is being delivered; change it and commit.\n`)
  } catch (error) {
    log.error('the sample cannot be delivered', { error: (error as Error).message })
  }
}
