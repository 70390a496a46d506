import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { runCli } from '#cli/cli.ts'
import { type Client, createClient } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import { homeFrom } from '#platform/home.ts'
import { stopHost } from '#platform/process/host-process.ts'
import { selfCommand } from '#platform/self.ts'
import { createLocal } from '../../src/local/local.ts'
import { noteEventsOf } from './emitted-events.ts'
import { createDatabase, dropDatabase, type TestConnection } from './postgres.ts'
import { cleanEnvironment } from './clean-environment.ts'
import { freePorts } from './ports.ts'
import { waitFor } from './wait.ts'

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
      const faults = faultsIn(output)
      if (faults.length > 0) throw new Error(`the server has faults:\n${faults.join('\n')}`)
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

/**
 * Errors that no outage explains: those of a statement or of the code itself. A step may store
 * something of what is deleted meanwhile.
 */
const fault = new RegExp(
  'invalid input syntax|syntax error at|(?:column|relation|operator|function) .*does not exist|' +
    'violates (?!foreign key)|out of range|Cannot read properties|' +
    'is not (?:a function|iterable|defined)',
)

/** The lines of a log that show such an error. */
const faultsIn = (log: string): string[] => log.split('\n').filter((line) => fault.test(line))

const urlOf = ({ host, user, database }: TestConnection): string =>
  `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill(signal)
  return ended
}
