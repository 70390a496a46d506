import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { Agent, fetch, type Response } from 'undici'
import { findProgram } from '../process/program.ts'
import type { Provider, Tolerance } from './experiment.ts'
import { substitute, type Values } from './substitute.ts'
import { toolkitProgram } from './toolkit-program.ts'
import { isOwn, isWithin } from './tolerance.ts'

/** Where activities run. */
export interface Place {
  configuration: Values
  secrets: Readonly<Record<string, Values>>
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** Ends the activity that runs. */
  signal: AbortSignal
}

/** Milliseconds that an activity without a timeout may take. */
const longestMs = 600_000
/** Bytes of the output that are kept. */
const outputBytes = 1_000_000

/** The configuration comes before secrets, as in the Chaos Toolkit. */
const valuesOf = ({ configuration, secrets }: Place): Values =>
  Object.assign({}, ...Object.values(secrets).toReversed(), configuration) as Values

/** Does what the provider says; returns its output. Throws one sentence when it fails. */
export async function runProvider(provider: Provider, place: Place): Promise<unknown> {
  if (provider.type === 'python') return askToolkit({ activity: { provider } }, place)
  const filled = substitute(provider, valuesOf(place)) as Provider
  return filled.type === 'process' ? runProcess(filled, place) : callHttp(filled as Http, place)
}

/** Whether what a probe returned is within its tolerance. Throws when that cannot be judged. */
export async function judge(tolerance: Tolerance, value: unknown, place: Place): Promise<boolean> {
  const filled = substitute(tolerance, valuesOf(place)) as Tolerance
  if (isOwn(filled)) return isWithin(filled, value)
  return (await askToolkit({ tolerance, value }, place)) === true
}

type Process = Extract<Provider, { type: 'process' }>
type Http = Extract<Provider, { type: 'http' }>

interface Output {
  status: number | null
  stdout: string
  stderr: string
}

function runProcess({ path, arguments: args = [], timeout }: Process, place: Place) {
  const home = place.env['HOME'] ?? '/'
  const wanted = path.replace(/^~(?=\/|$)/, home)
  const program = wanted.includes('/') ? wanted : findProgram(wanted, place.env['PATH'])
  if (program === undefined) throw new Error(`the program ${path} is not installed`)
  const command =
    typeof args === 'string' ? ['/bin/sh', '-c', `${program} ${args}`] : [program, ...wordsOf(args)]
  return execute(command, place, timeoutOf(timeout))
}

const wordsOf = (args: unknown[] | Record<string, unknown>): string[] =>
  (Array.isArray(args) ? args : Object.entries(args).flat())
    .filter((word) => word !== null && word !== undefined && word !== '')
    .map(String)

/** Milliseconds of a timeout in seconds, or of one for the connection and one for the answer. */
function timeoutOf(timeout: unknown): number {
  const parts = [timeout].flat().map(Number)
  const seconds = parts.reduce((sum, part) => sum + part, 0)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : longestMs
}

/** Runs a command in a group of its own, which is killed at the timeout. */
async function execute(command: string[], place: Place, ms: number, input = ''): Promise<Output> {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    ...{ cwd: place.cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
    env: place.env as NodeJS.ProcessEnv,
  })
  let why: string | null = null
  const kill = (reason: string) => () => {
    why ??= reason
    if (child.pid !== undefined) endGroup(child.pid)
  }
  const end = kill('the experiment was ended')
  const timer = setTimeout(kill(`it took longer than ${ms / 1000} s`), ms)
  place.signal.addEventListener('abort', end)
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  try {
    const [status, stdout, stderr] = await Promise.all([
      ...([ended, text(child.stdout), text(child.stderr)] as const),
    ])
    if (why !== null) throw new Error(why)
    return { status, stdout: stdout.slice(0, outputBytes), stderr: stderr.slice(0, outputBytes) }
  } finally {
    clearTimeout(timer)
    place.signal.removeEventListener('abort', end)
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

async function callHttp(provider: Http, { signal }: Place): Promise<unknown> {
  const { url, headers = {}, arguments: args, timeout, verify_tls: isVerified } = provider
  const method = provider.method.toUpperCase()
  const sent = new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  const target = new URL(url)
  const isGet = method === 'GET'
  if (isGet) for (const [name, value] of formOf(args)) target.searchParams.append(name, value)
  const isJson = sent.get('content-type') === 'application/json'
  const body = isGet || args === undefined ? null : isJson ? JSON.stringify(args) : dataOf(args)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutOf(timeout))])
  const dispatcher = new Agent({ connect: { rejectUnauthorized: isVerified } })
  const request = { method, headers: Object.fromEntries(sent), body, signal: limit, dispatcher }
  try {
    return await answerOf(await fetch(target, request))
  } catch (error) {
    const why = ((error as Error).cause as Error | undefined) ?? (error as Error)
    throw new Error(`${url} does not answer: ${why.message}`, { cause: error })
  } finally {
    void dispatcher.destroy()
  }
}

async function answerOf(response: Response): Promise<unknown> {
  const answer = (await response.text()).slice(0, outputBytes)
  const isText = response.headers.get('content-type') !== 'application/json'
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: isText ? answer : (JSON.parse(answer) as unknown),
  }
}

const formOf = (args: unknown): [string, string][] =>
  typeof args === 'object' && args !== null
    ? Object.entries(args).map(([name, value]) => [name, String(value)])
    : []

const dataOf = (args: unknown): string | URLSearchParams =>
  typeof args === 'string' ? args : new URLSearchParams(formOf(args))

/** Asks an installed Chaos Toolkit. Throws one sentence when there is none, and when it fails. */
async function askToolkit(question: object, place: Place): Promise<unknown> {
  const python = findProgram('python3', place.env['PATH'])
  if (python === undefined) throw new Error('python3 is not installed')
  const { configuration, secrets } = place
  const asked = JSON.stringify({ ...question, configuration, secrets })
  const { status, stdout, stderr } = await execute(
    [python, '-c', toolkitProgram],
    place,
    longestMs,
    asked,
  )
  const last = stderr.trim().split('\n').at(-1) ?? ''
  if (last.includes("No module named 'chaoslib'"))
    throw new Error('the Chaos Toolkit is not installed: pip install chaostoolkit')
  if (last.includes('JSONPath'))
    throw new Error("JSON paths need: pip install 'chaostoolkit-lib[jsonpath]'")
  if (status !== 0) throw new Error(last)
  return (JSON.parse(stdout) as { output: unknown }).output
}
