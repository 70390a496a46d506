import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StepServiceFile } from '#contract/pipeline-file/step-file.ts'
import { tailLog } from '#domains/pipeline/log.ts'
import type { CommandResult, Runner } from '#platform/process/command.ts'
import { logFile } from '#platform/process/step-log.ts'

export interface BesideRequest {
  /** names the attempt of the step */
  run: number | string
  step: string
  attempt: number
  /** the folder of the run's logs; that of a service is beside its step's, `test.db/1.jsonl` */
  logs: string
  services: Record<string, StepServiceFile>
  runner: Runner
  /** where their commands run */
  cwd: string
  /** what every command of the step gets; their own variables come on top */
  environment: (extra: Record<string, string>) => Record<string, string>
  masks: string[]
  /** what keeps their commands from what is not theirs; a container is kept by Docker */
  confined: string[]
  signal: AbortSignal
}

/** They are stopped with the step, so that this is no limit. */
const forever = 86_400_000
/** How often it is looked whether one is ready, ms; and how long a connection must hold. */
const pollMs = 50
const holdMs = 150

/**
 * Starts services beside a step, waits until all are ready, and ends them after `act`, whatever
 * comes of it. `act` is given the variables by which the step finds them. Answers null and a
 * sentence when one does not get ready.
 */
export async function withServices<T>(
  request: BesideRequest,
  act: (variables: Record<string, string>) => Promise<T>,
): Promise<{ value: T; problem: null } | { value: null; problem: string }> {
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
  request: BesideRequest,
  name: string,
  file: StepServiceFile,
): Promise<Started> {
  const port = await freePort()
  const container =
    file.image === undefined ? null : `fairlead-${request.run}-${request.step}-${name}`
  if (container !== null) await removeContainer({ container })
  const ended = request.runner.run(
    {
      ...(await attemptOf(request, name)),
      command: file.run ?? dockerCommand(file, container ?? '', port),
      cwd: request.cwd,
      env: request.environment({ ...file.env, PORT: String(port) }),
      timeoutMs: forever,
      masks: request.masks,
      confined: file.image === undefined ? request.confined : [],
      tools: file.image === undefined ? [] : ['docker'],
    },
    request.signal,
  )
  return { name, file, port, container, ended }
}

const serviceLogFile = ({ logs, step, attempt }: BesideRequest, name: string): string =>
  logFile(logs, `${step}.${name}`, attempt)

/** By its name and its log the runner knows what an earlier attempt left running. */
async function attemptOf(
  request: BesideRequest,
  name: string,
): Promise<{ id: string; logFile: string }> {
  const file = serviceLogFile(request, name)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return { id: `${request.run}/${request.step}.${name}/${request.attempt}`, logFile: file }
}

/**
 * Variables are given by name: values on a command line can be read by everybody on the machine.
 */
function dockerCommand(
  { image = '', port = 0, env }: StepServiceFile,
  container: string,
  hostPort: number,
): string {
  const variables = Object.keys(env).map((name) => `-e ${name}`)
  return [
    'exec docker run --rm',
    `--name ${container}`,
    `-p 127.0.0.1:${hostPort}:${port}`,
    ...variables,
    '--',
    quote(image),
  ].join(' ')
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What the client of Docker leaves behind when it is killed. */
async function removeContainer({ container }: Pick<Started, 'container'>): Promise<void> {
  if (container === null) return
  await new Promise<void>((resolve) =>
    execFile('docker', ['rm', '-f', '-v', container], { timeout: 30_000 }, () => resolve()),
  )
}

/** `my-db` is at `$MY_DB_HOST` and `$MY_DB_PORT`. */
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

async function untilReady(request: BesideRequest, one: Started): Promise<string | null> {
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
      return saying(
        request,
        one,
        `ended before the step began: ${(ended as CommandResult).reason ?? 'exit code 0'}`,
      )
    await sleep(pollMs)
  }
  return saying(request, one, `was not ready within ${one.file.timeout / 1000} s`)
}

async function saying(request: BesideRequest, { name }: Started, what: string): Promise<string> {
  const lines = await tailLog(serviceLogFile(request, name), 10)
  const last = lines.findLast(
    ({ stream, text }) => stream !== 'fairlead' && text.trim() !== '',
  )?.text
  return `service ${name} ${what}${last === undefined ? '' : `; its last line was: ${last.slice(0, 300)}`}`
}

/**
 * A port that Docker publishes takes connections before anybody listens behind it, and drops them:
 * this one must hold.
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

async function passes(request: BesideRequest, { name, file, port }: Started): Promise<boolean> {
  const result = await request.runner.run(
    {
      ...(await attemptOf(request, `${name}.ready`)),
      command: file.ready ?? '',
      cwd: request.cwd,
      env: request.environment({ ...file.env, PORT: String(port) }),
      timeoutMs: 10_000,
      masks: request.masks,
      confined: request.confined,
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
