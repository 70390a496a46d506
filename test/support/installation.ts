import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { runCli } from '#cli/cli.ts'
import { type Client, createClient } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { homeFrom } from '#platform/home.ts'
import { stopHost } from '#platform/process/host-process.ts'
import { selfCommand } from '#platform/self.ts'
import { createLocal } from '../../src/local/local.ts'
import { noteEventsOf } from './emitted-events.ts'
import { createDatabase, dropDatabase, type TestConnection } from './postgres.ts'

const execute = promisify(execFile)

/** A real installation in a folder of its own: server, host and runner as separate processes. */
export interface Installation {
  home: string
  /** Of its database, for tests that read or change rows. */
  connection: TestConnection
  port: number
  edgePort: number
  url: string
  client: Client
  token: string
  /** what the server wrote on standard error so far */
  output(): string
  pid(): number
  start(): Promise<void>
  /** SIGTERM, and waits for the end */
  stopServer(): Promise<number | null>
  /** SIGKILL */
  killServer(): Promise<void>
  stop(): Promise<void>
  /** Runs a command of the CLI in this process, which needs no start of Node. */
  cli(...args: string[]): Promise<CommandResult>
  /** Runs a command of the CLI as a process, for tests of what a process does. */
  command(...args: string[]): Promise<CommandResult>
}

export interface CommandResult {
  code: number
  stdout: string
  stderr: string
}

/**
 * Shorter than a user's, where most tests would wait for it. A test of other background work passes
 * its period: every run costs processor time that all tests share.
 */
const shortPeriods = {
  FAIRLEAD_LOCAL_POLL_SECONDS: '0.3',
  FAIRLEAD_ABANDONED_SECONDS: '1',
  FAIRLEAD_SETTLE_SECONDS: '0.05',
}

export interface InstallationOptions {
  env?: Record<string, string>
  /**
   * `shared`, the default in tests: a new database on the PostgreSQL of all tests, without a start
   * of its own. `embedded`, the default in benchmarks: the server starts its own, as it does for a
   * user.
   */
  database?: 'shared' | 'embedded'
}

export async function startInstallation({
  env: more,
  database = process.env['VITEST'] ? 'shared' : 'embedded',
}: InstallationOptions = {}): Promise<Installation> {
  const home = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
  const port = await freePorts()
  const url = `http://127.0.0.1:${port}`
  const shared = database === 'shared' ? await createDatabase() : null
  const env = {
    ...cleanEnvironment(),
    FAIRLEAD_HOME: home,
    FAIRLEAD_PORT: String(port),
    ...shortPeriods,
    ...(shared && { DATABASE_URL: urlOf(shared) }),
    ...more,
  }
  let server: ChildProcess | null = null
  let output = ''
  let token = ''
  const installation: Installation = {
    home,
    connection: shared ?? {
      host: join(home, 'postgres/socket'),
      user: 'fairlead',
      database: 'postgres',
    },
    port,
    edgePort: port + 80,
    url,
    client: createClient({ base: url }),
    token,
    output: () => output,
    pid: () => server?.pid ?? 0,
    start: async () => {
      const [command, ...args] = selfCommand('server', '--no-sample')
      const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      server = child
      const keep = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-200_000)
      }
      child.stdout?.on('data', keep)
      child.stderr?.on('data', keep)
      await waitFor('the server answers', async () => {
        if (child.exitCode !== null)
          throw new Error(`the server ended with ${child.exitCode}:\n${output}`)
        return (await createClient({ base: url }).health()).status === 'ok'
      })
      token = (await readFile(join(home, 'token'), 'utf8')).trim()
      installation.token = token
      installation.client = createClient({ base: url, token })
    },
    stopServer: () => end(server, 'SIGTERM'),
    killServer: async () => {
      await end(server, 'SIGKILL')
    },
    stop: async () => {
      // A benchmark has no list of events to complete.
      if (process.env['VITEST'])
        await noteEventsOf(installation.client).catch((error: unknown) => {
          // A test may have stopped the server or its database.
          if (!(error instanceof FairleadError)) throw error
        })
      if (shared) {
        await end(server, 'SIGKILL')
        await stopHost(homeFrom(env)).catch(() => undefined)
        await dropDatabase(shared)
      } else {
        const [command, ...args] = selfCommand('stop', '--host')
        await execute(command, args, { env }).catch(() => undefined)
        await end(server, 'SIGKILL')
      }
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
    cli: async (...args) => {
      const written = { stdout: '', stderr: '' }
      const code = await runCli(args, {
        local: createLocal(env),
        stdin: Readable.from([]),
        stdout: { write: (text) => (written.stdout += text) },
        stderr: { write: (text) => (written.stderr += text) },
        env,
        now: Date.now,
        signal: new AbortController().signal,
      })
      return { code, ...written }
    },
    command: async (...args) => {
      const [command, ...rest] = selfCommand(...args)
      return new Promise((resolve) => {
        execFile(command, rest, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
          resolve({
            code: error ? Number((error as { code?: number }).code ?? 1) : 0,
            stdout,
            stderr,
          })
        })
      })
    },
  }
  await installation.start()
  return installation
}

const urlOf = ({ host, user, database }: TestConnection): string =>
  `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill(signal)
  return ended
}

/** Nothing of the test runner's own environment, and not the repository's Node on the PATH. */
function cleanEnvironment(): Record<string, string> {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':')
  return { PATH: path, HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8' }
}

/**
 * A port with the edge's (+80) and the first ten environments' ports free after it. Each worker has
 * a range of its own: ports of a server that restarts look free to the other workers. Linux gives
 * no port below 32768 to a connection.
 */
export async function freePorts(): Promise<number> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 4
  for (;;) {
    const port = 20_000 + worker * 3000 + Math.floor(Math.random() * 2900)
    const wanted = [port, ...Array.from({ length: 10 }, (_, i) => port + 80 + i)]
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Polls until it is true; a FairleadError counts as not yet. */
export async function waitFor(
  what: string,
  check: () => Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const started = performance.now()
  for (;;) {
    try {
      if (await check()) return
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
    }
    const waited = performance.now() - started
    if (waited > seconds * 1000) throw new Error(`This is not so after ${seconds} s: ${what}`)
    // Polling takes processor time from what is polled: less often, the longer it takes.
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, 20 + waited / 20)))
  }
}

/** Waits until a background job has run so many more times. */
export async function moreRuns(
  installation: Installation,
  job: string,
  count: number,
): Promise<void> {
  const ends = new Set<string>()
  await waitFor(`${job} has run ${count} times`, async () => {
    const { jobs } = await installation.client.listBackgroundJobs()
    const found = jobs.find(({ name }) => name === job)
    if (!found) throw new Error(`No background job is named ${job}`)
    if (found.ended !== null) ends.add(found.ended)
    // The first end seen is of a run before.
    return ends.size > count
  })
}

/** The run after it has ended. */
export async function endedRun(
  installation: Installation,
  run: number,
  seconds = 60,
): Promise<RunDetail> {
  let detail: RunDetail | null = null
  await waitFor(
    `run ${run} ends`,
    async () => {
      detail = await installation.client.getRun({ params: { run } })
      return detail.ended !== null
    },
    seconds,
  )
  return detail!
}

export interface Repository {
  folder: string
  git(...args: string[]): Promise<string>
  /** Writes files (null removes one) and commits; answers the commit's id. */
  commit(files: Record<string, string | null>, message?: string): Promise<string>
  remove(): Promise<void>
}

export async function makeRepository(files: Record<string, string>): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-repository-'))
  const env = {
    ...cleanEnvironment(),
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
  const git = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await execute('git', args, {
      cwd: folder,
      env,
      maxBuffer: 64 * 1024 * 1024,
    })
    return args[0] === 'push' ? stderr : stdout
  }
  const repository: Repository = {
    folder,
    git,
    commit: async (changes, message = 'Change it') => {
      for (const [name, text] of Object.entries(changes)) {
        const path = join(folder, name)
        if (text === null) await rm(path, { force: true })
        else {
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, text)
        }
      }
      await git('add', '--all')
      await git('commit', '--quiet', '--allow-empty', '-m', message)
      return (await git('rev-parse', 'HEAD')).trim()
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
  await git('init', '--quiet', '--initial-branch=main')
  await repository.commit(files, 'Begin')
  return repository
}

/** The smallest web app: answers its version; `/health` too. */
export const tinyServer = (version: string): string => `
const http = require('node:http')
http.createServer((request, response) => response.end(${JSON.stringify(version)})).listen(process.env.PORT, '127.0.0.1')
`

/** Prints what an address, or the release to verify, answers; fails when that is an error. */
export const fetchScript = `
fetch(process.argv[2] ?? process.env.FAIRLEAD_URL).then(async (answer) => {
  console.log(await answer.text())
  process.exitCode = answer.ok ? 0 : 1
})
`

export const tinyApp = (version: string, more = ''): Record<string, string> => ({
  'server.js': tinyServer(version),
  'fairlead.yaml': `
steps:
  test: node --check server.js
services:
  web:
    run: exec node server.js
    health: /health
${more}`,
})

/** Registers a hosted app and pushes its repository there; answers what git showed. */
export async function push(
  installation: Installation,
  app: string,
  repository: Repository,
  ...more: string[]
): Promise<string> {
  await waitFor(
    'the app is registered',
    async () => (await installation.client.createApp({ body: { name: app } })).name === app,
  )
  const remote = `http://fairlead:${installation.token}@127.0.0.1:${installation.port}/git/${app}.git`
  return repository.git('push', ...more, remote, 'HEAD:main')
}

/** What an environment answers through the edge, by host name. */
export function ask(
  installation: Installation,
  app: string,
  environment: string,
  path = '/',
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> {
  const headers = { host: `${app}.${environment}.localhost:${installation.edgePort}` }
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: installation.edgePort, path, headers, agent: false, signal },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

/**
 * Calls back for each event of an app from now on, until stopped; ends by itself when the server
 * dies.
 */
export async function onEvents(
  installation: Installation,
  app: string,
  callback: (event: StoredEvent) => void,
): Promise<() => void> {
  const stop = new AbortController()
  const response = await fetch(`${installation.url}/api/v1/events/stream?app=${app}`, {
    headers: { authorization: `Bearer ${installation.token}`, accept: 'text/event-stream' },
    signal: stop.signal,
  })
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '))
        if (data) callback(JSON.parse(data.slice(6)) as StoredEvent)
      }
    }
  }
  read().catch(() => undefined)
  return () => stop.abort()
}

/** The processes of an installation, found in /proc by their command line or as children. */
export async function processOf(
  installation: Installation,
  which: 'server' | 'host' | 'database' | 'runner',
): Promise<number> {
  if (which === 'server') return installation.pid()
  if (which === 'database')
    return Number(
      (await readFile(join(installation.home, 'postgres/data/postmaster.pid'), 'utf8')).split(
        '\n',
      )[0],
    )
  for (const { pid, parent, command, environment } of await processes()) {
    if (!command.some((word, i) => word.endsWith('/start.js') && command[i + 1] === which)) continue
    if (environment.includes(`FAIRLEAD_HOME=${installation.home}`)) return pid
    if (parent === installation.pid()) return pid
  }
  throw new Error(`no ${which} of ${installation.home} is running`)
}

export interface Process {
  pid: number
  parent: number
  command: string[]
  /** as `NAME=value`; empty for a process of another user, unless we are root */
  environment: string[]
}

/** The commands that run for an installation: their environment names its folder. */
export async function commandsOf({ home }: Installation): Promise<string[]> {
  return (await processes())
    .filter(({ environment }) => environment.some((variable) => variable.includes(home)))
    .map(({ command }) => command.join(' ').trim())
}

/** The processes of this machine. */
export async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const read = (pid: string, name: string): Promise<string> =>
    readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      parent: Number(/^PPid:\s+(\d+)/m.exec(await read(pid, 'status'))?.[1] ?? 0),
      command: (await read(pid, 'cmdline')).split('\0'),
      environment: (await read(pid, 'environ')).split('\0'),
    })),
  )
}
