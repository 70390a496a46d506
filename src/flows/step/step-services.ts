import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, resolve as absolute } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StepServiceFile } from '#contract/pipeline-file/step-file.ts'
import { tailLog } from '#domains/pipeline/log.ts'
import type {
  CommandLimits,
  CommandResult,
  CommandSpec,
  Runner,
} from '#platform/process/command.ts'
import { type Confinement, unconfined } from '#platform/process/isolation.ts'
import { dockerEnvironment, programOf } from '#platform/process/program.ts'
import { logFile } from '#platform/process/step-log.ts'
import { shellWord } from '#platform/process/shell-word.ts'

/** The services of one attempt of a step. */
export interface ServicesRequest {
  run: number | string
  step: string
  attempt: number
  /** folder with the logs of the run; a service has its own, such as `test.db/1.jsonl` */
  logs: string
  services: Record<string, StepServiceFile>
  runner: Runner
  /** working directory of their commands */
  cwd: string
  /** the environment of every command of the step, with further variables */
  environment: (extra: Record<string, string>) => Record<string, string>
  masks: string[]
  /** how commands are confined; Docker confines containers itself */
  confined: Confinement
  /** limits of each command; the files are those of the step */
  limits: CommandLimits | undefined
  signal: AbortSignal
}

/** Timeout of a service, ms; long, because services are stopped with their step. */
const serviceTimeoutMs = 86_400_000
/** Interval between checks of readiness, ms. */
const pollMs = 50
/** How long a connection to a container must stay open to count as ready, ms. */
const holdMs = 150

/**
 * Starts services, waits until all are ready, calls `act`, and stops the services in any case.
 * `act` gets the variables with their addresses. Returns a problem when a service does not become
 * ready.
 */
export async function withServices<T>(
  request: ServicesRequest,
  act: (variables: Record<string, string>) => Promise<T>,
): Promise<{ value: T; problem: null } | { value: null; problem: string }> {
  const unusable = multilineVariable(request.services)
  if (unusable !== null) return { value: null, problem: unusable }
  const stopping = new AbortController()
  const signal = AbortSignal.any([request.signal, stopping.signal])
  const started: Started[] = []
  try {
    for (const [name, file] of Object.entries(request.services))
      started.push(await start({ ...request, signal }, name, file))
    const problems = await Promise.all(
      started.map((one) => untilReady({ ...request, signal }, one)),
    )
    const problem = problems.find((one) => one !== null)
    if (problem) return { value: null, problem }
    return { value: await act(variablesOf(started)), problem: null }
  } finally {
    stopping.abort()
    await Promise.all(started.map(({ ended }) => ended))
    await Promise.all(started.map(removeContainer))
    await Promise.all(started.map(({ name }) => rm(containerFile(request, name), { force: true })))
  }
}

interface Started {
  name: string
  file: StepServiceFile
  port: number
  /** the name of its container; null when it is a command */
  container: string | null
  ended: Promise<CommandResult>
}

async function start(
  request: ServicesRequest,
  name: string,
  file: StepServiceFile,
): Promise<Started> {
  const port = await freePort()
  const container = file.image === undefined ? null : containerName(request, name)
  if (container !== null) await removeContainer({ container })
  const ended = request.runner.run(
    {
      ...(await attemptOf(request, name)),
      ...(container === null
        ? {
            command: file.run ?? '',
            cwd: request.cwd,
            env: request.environment({ ...file.env, PORT: String(port) }),
          }
        : {
            command: dockerCommand(file, container, port, await envFile(request, name, file)),
            cwd: '/',
            env: dockerEnvironment(process.env),
          }),
      timeoutMs: serviceTimeoutMs,
      masks: request.masks,
      ...(file.image === undefined ? boundsOf(request) : { confined: unconfined }),
      tools: file.image === undefined ? [] : ['docker'],
    },
    request.signal,
  )
  return { name, file, port, container, ended }
}

/**
 * The name of a container, the same in every attempt. Installations on one machine may have runs
 * with the same number, so that it contains a digest of the folder of the run.
 */
const containerName = (
  { logs, run, step }: Pick<ServicesRequest, 'logs' | 'run' | 'step'>,
  name: string,
): string => {
  const installation = createHash('sha256').update(absolute(logs)).digest('hex').slice(0, 12)
  return `fairlead-${installation}-${run}-${step}-${name}`
}

const boundsOf = ({
  confined,
  limits,
}: ServicesRequest): Pick<CommandSpec, 'confined' | 'limits'> => ({
  confined,
  ...(limits === undefined ? {} : { limits: { ...limits, folders: [] } }),
})

const serviceLogFile = ({ logs, step, attempt }: ServicesRequest, name: string): string =>
  logFile(logs, `${step}.${name}`, attempt)

/** The id and log of a service, by which the runner finds what an earlier attempt left running. */
async function attemptOf(
  request: ServicesRequest,
  name: string,
): Promise<{ id: string; logFile: string }> {
  const file = serviceLogFile(request, name)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return { id: `${request.run}/${request.step}.${name}/${request.attempt}`, logFile: file }
}

/**
 * Writes the variables of a container to a file: they must not be variables of the Docker client,
 * which runs outside the isolation, and every user of the machine can read command lines.
 */
async function envFile(
  request: ServicesRequest,
  name: string,
  { env }: StepServiceFile,
): Promise<string> {
  const file = containerFile(request, name)
  await rm(file, { force: true })
  const lines = Object.entries(env).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(file, lines.join(''), { mode: 0o600, flag: 'wx' })
  return file
}

/** Docker reads one variable per line, so that a line break would start another variable. */
function multilineVariable(services: Record<string, StepServiceFile>): string | null {
  for (const [name, { image, env }] of Object.entries(services)) {
    if (image === undefined) continue
    const key = Object.keys(env).find((one) => /[\n\r\0]/.test(env[one] ?? ''))
    if (key !== undefined)
      return `service ${name} sets ${key} to several lines, which Docker cannot pass to an image`
  }
  return null
}

const containerFile = (request: ServicesRequest, name: string): string =>
  `${serviceLogFile(request, name)}.env`

/** The PATH of the step has no effect: the server's own one decides which Docker is run. */
function dockerCommand(
  { image = '', port = 0 }: StepServiceFile,
  container: string,
  hostPort: number,
  variables: string,
): string {
  return [
    `exec ${shellWord(programOf('docker'))} run --rm`,
    `--name ${container}`,
    `-p 127.0.0.1:${hostPort}:${port}`,
    `--env-file ${shellWord(variables)}`,
    '--',
    shellWord(image),
  ].join(' ')
}

/** Removes the container that a killed Docker client leaves behind. */
async function removeContainer({ container }: Pick<Started, 'container'>): Promise<void> {
  if (container === null) return
  await new Promise<void>((resolve) =>
    execFile(
      programOf('docker'),
      ['rm', '-f', '-v', container],
      { timeout: 30_000, env: dockerEnvironment(process.env) },
      () => resolve(),
    ),
  )
}

/** The address of `my-db` is in `MY_DB_HOST` and `MY_DB_PORT`. */
function variablesOf(started: Started[]): Record<string, string> {
  return Object.fromEntries(
    started.flatMap(({ name, port }) => {
      const prefix = name.toUpperCase().replaceAll('-', '_')
      return [
        [`${prefix}_HOST`, '127.0.0.1'],
        [`${prefix}_PORT`, String(port)],
      ]
    }),
  )
}

async function untilReady(request: ServicesRequest, one: Started): Promise<string | null> {
  const until = performance.now() + one.file.timeout
  let ended: CommandResult | null = null
  void one.ended.then((result) => (ended = result))
  const isReady =
    one.file.ready === undefined
      ? () => answers(one.port, one.container === null ? 0 : holdMs)
      : () => passes(request, one)
  while (performance.now() < until) {
    if (await isReady()) return null
    request.signal.throwIfAborted()
    if (ended !== null)
      return withLastLine(
        request,
        one,
        `ended before the step started: ${(ended as CommandResult).reason ?? 'exit code 0'}`,
      )
    await sleep(pollMs)
  }
  return withLastLine(request, one, `was not ready within ${one.file.timeout / 1000} s`)
}

/** Appends the last line that the service wrote to a problem. */
async function withLastLine(
  request: ServicesRequest,
  { name }: Started,
  problem: string,
): Promise<string> {
  const lines = await tailLog(serviceLogFile(request, name), 10)
  const last = lines.findLast(
    ({ stream, text }) => stream !== 'fairlead' && text.trim() !== '',
  )?.text
  const output = last === undefined ? '' : `; its last line was: ${last.slice(0, 300)}`
  return `service ${name} ${problem}${output}`
}

/**
 * Whether a port accepts a connection and keeps it open for `hold` ms. Docker accepts connections
 * to a published port before the container listens, and then drops them.
 */
function answers(port: number, hold: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const end = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    socket.once('data', () => end(true))
    socket.once('connect', () => (hold === 0 ? end(true) : setTimeout(() => end(true), hold)))
  })
}

async function passes(request: ServicesRequest, { name, file, port }: Started): Promise<boolean> {
  const result = await request.runner.run(
    {
      ...(await attemptOf(request, `${name}.ready`)),
      command: file.ready ?? '',
      cwd: request.cwd,
      env: request.environment({ ...file.env, PORT: String(port) }),
      timeoutMs: 10_000,
      masks: request.masks,
      ...boundsOf(request),
      tools: [],
    },
    request.signal,
  )
  return result.outcome === 'passed'
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', resolve),
  )
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
